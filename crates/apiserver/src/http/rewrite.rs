//! Pages that come through a proxy: what they name by absolute path is behind the proxy's path.

/// Attributes that hold URLs, by element.
const URL_ATTRIBUTES: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("applet", &["codebase"]),
    ("area", &["href"]),
    ("audio", &["src"]),
    ("base", &["href"]),
    ("blockquote", &["cite"]),
    ("body", &["background"]),
    ("button", &["formaction"]),
    ("command", &["icon"]),
    ("del", &["cite"]),
    ("embed", &["src"]),
    ("form", &["action"]),
    ("frame", &["longdesc", "src"]),
    ("head", &["profile"]),
    ("html", &["manifest"]),
    ("iframe", &["longdesc", "src"]),
    ("img", &["longdesc", "src", "usemap"]),
    ("input", &["formaction", "src", "usemap"]),
    ("ins", &["cite"]),
    ("link", &["href"]),
    ("object", &["classid", "codebase", "data", "usemap"]),
    ("q", &["cite"]),
    ("script", &["src"]),
    ("source", &["src"]),
    ("video", &["poster", "src"]),
];
/// Elements whose content is no markup.
const RAW_ELEMENTS: &[&str] = &["script", "style", "textarea", "title"];

/// Where a page's URLs lead.
pub(super) struct Rewriter<'a> {
    /// The path of the proxy, without a slash at its end.
    pub(super) prefix: &'a str,
    /// Hosts that are the server behind the proxy, whatever they are called.
    pub(super) own_hosts: [&'a str; 2],
}

impl Rewriter<'_> {
    /// A URL as the client must ask for it; relative ones and those of other hosts stay.
    pub(super) fn url(&self, url: &str) -> String {
        let path = match ["http://", "https://", "//"].iter().find_map(|scheme| url.strip_prefix(scheme)) {
            Some(rest) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                if !self.own_hosts.contains(&&rest[..end]) {
                    return url.to_owned();
                }
                &rest[end..]
            }
            None => url,
        };
        if !path.starts_with('/') || self.is_behind(path) {
            return path_or(path, url).to_owned();
        }
        format!("{}{path}", self.prefix)
    }

    fn is_behind(&self, path: &str) -> bool {
        path.strip_prefix(self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// A page with its URLs rewritten; what is no markup stays as it is.
    pub(super) fn page(&self, page: &str) -> String {
        let mut out = String::with_capacity(page.len());
        let mut rest = page;
        while let Some(start) = rest.find('<') {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            if let Some(comment) = rest.strip_prefix("<!--") {
                let end = comment.find("-->").map_or(rest.len(), |end| "<!--".len() + end + "-->".len());
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            let name_length = rest[1..].find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len() - 1);
            let name = rest[1..=name_length].to_ascii_lowercase();
            if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
                out.push('<');
                rest = &rest[1..];
                continue;
            }
            out.push_str(&rest[..=name_length]);
            rest = self.attributes(&name, &rest[name_length + 1..], &mut out);
            if RAW_ELEMENTS.contains(&name.as_str()) {
                let end = rest.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(rest.len());
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
        }
        out.push_str(rest);
        out
    }

    /// Copies the attributes of a tag up to its end; returns what follows.
    fn attributes<'t>(&self, element: &str, mut rest: &'t str, out: &mut String) -> &'t str {
        let of_urls = URL_ATTRIBUTES.iter().find(|(name, _)| *name == element).map_or(&[][..], |(_, list)| *list);
        loop {
            let start = rest.find(|letter: char| !letter.is_whitespace() && letter != '/').unwrap_or(rest.len());
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            if rest.is_empty() || rest.starts_with('>') {
                return rest;
            }
            let ends_name = |letter: char| letter.is_whitespace() || matches!(letter, '=' | '>' | '/');
            // A name has a first character, whatever it is, so that this comes to an end.
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let end = rest[first..].find(ends_name).map_or(rest.len(), |end| first + end);
            let name = rest[..end].to_ascii_lowercase();
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            let Some(value) = rest.trim_start().strip_prefix('=').map(str::trim_start) else { continue };
            out.push_str(&rest[..rest.len() - value.len()]);
            let quote = value.chars().next().filter(|letter| matches!(letter, '"' | '\''));
            let (text, after) = match quote {
                Some(quote) => {
                    out.push(quote);
                    let text = &value[1..];
                    let end = text.find(quote).unwrap_or(text.len());
                    (&text[..end], &text[end..])
                }
                None => {
                    let end = value.find(|letter: char| letter.is_whitespace() || letter == '>').unwrap_or(value.len());
                    value.split_at(end)
                }
            };
            match of_urls.contains(&name.as_str()) {
                true => out.push_str(&self.url(text)),
                false => out.push_str(text),
            }
            rest = after;
            if let Some(quote) = quote
                && let Some(after) = rest.strip_prefix(quote)
            {
                out.push(quote);
                rest = after;
            }
        }
    }
}

/// A URL of the server itself becomes its path; a relative one stays.
fn path_or<'a>(path: &'a str, url: &'a str) -> &'a str {
    if path.starts_with('/') { path } else { url }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REWRITER: Rewriter<'static> =
        Rewriter { prefix: "/api/v1/namespaces/n/pods/p/proxy", own_hosts: ["10.0.0.1:80", "server:6443"] };

    #[test]
    fn urls_are_put_behind_the_proxy() {
        for (url, expected) in [
            ("/page?a=b", "/api/v1/namespaces/n/pods/p/proxy/page?a=b"),
            ("http://10.0.0.1:80/page", "/api/v1/namespaces/n/pods/p/proxy/page"),
            ("https://server:6443/", "/api/v1/namespaces/n/pods/p/proxy/"),
            ("/api/v1/namespaces/n/pods/p/proxy/page", "/api/v1/namespaces/n/pods/p/proxy/page"),
            ("page", "page"),
            ("#top", "#top"),
            ("mailto:a@b", "mailto:a@b"),
            ("http://elsewhere/page", "http://elsewhere/page"),
        ] {
            assert_eq!(REWRITER.url(url), expected, "{url}");
        }
    }

    #[test]
    fn only_attributes_that_hold_urls_are_touched() {
        let page = "<!-- <a href=\"/x\"> --><p title=\"/x\">1 < 2</p><A class=b HREF='/x'>t</A><img src=/x/>\
            <script src=\"/x\">if (a<b) { h = '<a href=\"/x\">'; }</script><a href=\"/x";
        let p = REWRITER.prefix;
        let expected = format!(
            "<!-- <a href=\"/x\"> --><p title=\"/x\">1 < 2</p><A class=b HREF='{p}/x'>t</A><img src={p}/x/>\
             <script src=\"{p}/x\">if (a<b) {{ h = '<a href=\"/x\">'; }}</script><a href=\"{p}/x"
        );
        assert_eq!(REWRITER.page(page), expected);
    }
}
