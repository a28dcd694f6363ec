//! Kubeconfigs with everything embedded.

use apimachinery::{Value, base64_encode, json, value};

use crate::Credential;

/// How a client shows who it is.
pub enum ClientCredential<'c> {
    /// By a certificate.
    Certificate(&'c Credential),
    /// By a bearer token.
    Token(&'c str),
}

/// One cluster, one user, one context.
pub struct Kubeconfig<'c> {
    /// What the cluster is called.
    pub cluster: &'c str,
    /// `https://host:port`
    pub server: &'c str,
    /// The authority of the server's certificate, in PEM.
    pub authority_pem: &'c str,
    /// What the user is called.
    pub user: &'c str,
    /// How it shows who it is.
    pub credential: ClientCredential<'c>,
    /// The namespace when none is named; empty for `default`.
    pub namespace: &'c str,
}

impl Kubeconfig<'_> {
    /// The document.
    pub fn to_value(&self) -> Value {
        let context_name = format!("{}@{}", self.user, self.cluster);
        let user = match &self.credential {
            ClientCredential::Certificate(credential) => value!({
                "client-certificate-data": base64_encode(credential.certificate_pem.as_bytes()),
                "client-key-data": base64_encode(credential.key_pem.as_bytes())
            }),
            ClientCredential::Token(token) => value!({"token": *token}),
        };
        let mut context = value!({"cluster": self.cluster, "user": self.user});
        if !self.namespace.is_empty() {
            context.set(&["namespace"], self.namespace);
        }
        value!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": self.cluster,
                "cluster": {
                    "certificate-authority-data": base64_encode(self.authority_pem.as_bytes()),
                    "server": self.server
                }
            }],
            "users": [{"name": self.user, "user": user}],
            "contexts": [{"name": &context_name, "context": context}],
            "current-context": &context_name,
            "preferences": {}
        })
    }

    /// The document as JSON, which every reader of YAML takes.
    pub fn to_json(&self) -> Vec<u8> {
        json::to_vec(&self.to_value())
    }

    /// The document as YAML in block style, as `kubectl config view --raw` prints it.
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        write_block(&self.to_value(), 0, &mut text);
        text
    }
}

/// Scalars as JSON spells them: every JSON string is a YAML string.
fn scalar(value: &Value) -> String {
    String::from_utf8_lossy(&json::to_vec(value)).into_owned()
}

fn is_block(value: &Value) -> bool {
    value.as_map().is_some_and(|map| !map.is_empty()) || value.as_list().is_some_and(|list| !list.is_empty())
}

fn write_block(value: &Value, depth: usize, text: &mut String) {
    let indentation = "  ".repeat(depth);
    if let Some(map) = value.as_map() {
        for (key, item) in map.iter() {
            if is_block(item) {
                text.push_str(&format!("{indentation}{key}:\n"));
                write_block(item, depth + 1, text);
            } else {
                text.push_str(&format!("{indentation}{key}: {}\n", scalar(item)));
            }
        }
    }
    for item in value.as_list().into_iter().flatten() {
        let mut inner = String::new();
        write_block(item, depth + 1, &mut inner);
        // The first line of an item carries the dash in place of its last two spaces.
        text.push_str(&format!("{indentation}- {}", inner.trim_start()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_in_block_style() {
        let config = Kubeconfig {
            cluster: "c",
            server: "https://h:6443",
            authority_pem: "pem",
            user: "u",
            credential: ClientCredential::Token("t"),
            namespace: "",
        };
        let expected = r#"apiVersion: "v1"
clusters:
  - cluster:
      certificate-authority-data: "cGVt"
      server: "https://h:6443"
    name: "c"
contexts:
  - context:
      cluster: "c"
      user: "u"
    name: "u@c"
current-context: "u@c"
kind: "Config"
preferences: {}
users:
  - name: "u"
    user:
      token: "t"
"#;
        assert_eq!(config.to_yaml(), expected);
    }
}
