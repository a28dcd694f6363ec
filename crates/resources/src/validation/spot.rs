//! A value of an object, with the words for what is wrong with it.

use apimachinery::{
    Map, Object, Value,
    field::{FieldError, Path},
    names,
    quantity::Quantity,
};

/// What is wrong, in the order found.
pub(crate) type Errors = Vec<FieldError>;

static NULL: Value = Value::Null;
static NO_ENTRIES: Map = Map::EMPTY;

/// A value, which may be absent, and where it stands.
#[derive(Clone)]
pub(crate) struct Spot<'v> {
    value: &'v Value,
    path: Path,
}

impl<'v> Spot<'v> {
    /// The object itself.
    pub(crate) fn of(object: &'v Object) -> Spot<'v> {
        Spot { value: &object.0, path: Path::root() }
    }

    /// A value under another path than its own.
    pub(crate) fn at(value: Option<&'v Value>, path: &Path) -> Spot<'v> {
        Spot { value: value.unwrap_or(&NULL), path: path.clone() }
    }

    /// The field `name`.
    pub(crate) fn get(&self, name: &str) -> Spot<'v> {
        Spot { value: self.value.get(name).unwrap_or(&NULL), path: self.path.child(name) }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> impl ExactSizeIterator<Item = Spot<'v>> + use<'v> {
        let path = self.path.clone();
        let items = self.value.as_list().map_or(&[][..], |list| list.as_slice());
        items.iter().enumerate().map(move |(index, value)| Spot { value, path: path.index(index) })
    }

    /// The entries of a map.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = (&'v str, Spot<'v>)> + use<'v> {
        let path = self.path.clone();
        let entries = self.value.as_map().unwrap_or(&NO_ENTRIES);
        entries.iter().map(move |(key, value)| (key.as_str(), Spot { value, path: path.key(key) }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn value(&self) -> &'v Value {
        self.value
    }

    /// Whether anything stands there.
    pub(crate) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// The text; empty when there is none.
    pub(crate) fn text(&self) -> &'v str {
        self.value.as_str().unwrap_or_default()
    }

    pub(crate) fn number(&self) -> Option<i64> {
        self.value.as_i64()
    }

    pub(crate) fn flag(&self) -> bool {
        self.value.as_bool() == Some(true)
    }

    pub(crate) fn len(&self) -> usize {
        match self.value {
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => 0,
        }
    }

    pub(crate) fn quantity(&self) -> Option<Quantity> {
        match self.value {
            Value::String(text) => Quantity::parse(text).ok(),
            Value::Int(number) => Quantity::parse(&number.to_string()).ok(),
            _ => None,
        }
    }

    /// `Invalid value`, with the value that stands there.
    pub(crate) fn invalid(&self, detail: impl AsRef<str>) -> FieldError {
        // Go shows the zero value of what is absent, which for most fields is the empty text.
        let shown = if self.is_set() { self.value.clone() } else { Value::from("") };
        FieldError::invalid(&self.path, shown, detail)
    }

    pub(crate) fn required(&self, detail: &str) -> FieldError {
        FieldError::required(&self.path, detail)
    }

    pub(crate) fn forbidden(&self, detail: impl AsRef<str>) -> FieldError {
        FieldError::forbidden(&self.path, detail)
    }

    pub(crate) fn duplicate(&self) -> FieldError {
        FieldError::duplicate(&self.path, self.value.clone())
    }

    pub(crate) fn not_found(&self) -> FieldError {
        FieldError::not_found(&self.path, self.value.clone())
    }

    /// Every problem as an error of this value.
    pub(crate) fn all(&self, problems: Vec<String>, errors: &mut Errors) {
        errors.extend(problems.iter().map(|problem| self.invalid(problem)));
    }

    /// One of `choices`; absence is an error too.
    pub(crate) fn choice(&self, choices: &[&str], errors: &mut Errors) {
        match self.text() {
            "" => errors.push(self.required("")),
            _ => self.optional_choice(choices, errors),
        }
    }

    /// One of `choices`, if anything.
    pub(crate) fn optional_choice(&self, choices: &[&str], errors: &mut Errors) {
        let text = self.text();
        if self.is_set() && !text.is_empty() && !choices.contains(&text) {
            errors.push(FieldError::not_supported(&self.path, text, choices));
        }
    }

    /// Something must stand there.
    pub(crate) fn demand(&self, errors: &mut Errors) -> bool {
        let missing = self.text().is_empty() && self.len() == 0 && self.number().is_none();
        if missing {
            errors.push(self.required(""));
        }
        !missing
    }

    pub(crate) fn non_negative(&self, errors: &mut Errors) {
        if self.number().is_some_and(|number| number < 0) {
            errors.push(self.invalid("must be greater than or equal to 0"));
        }
    }

    pub(crate) fn positive(&self, errors: &mut Errors) {
        if self.number().is_some_and(|number| number < 1) {
            errors.push(self.invalid("must be greater than 0"));
        }
    }

    /// Between two bounds, both included.
    pub(crate) fn range(&self, low: i64, high: i64, errors: &mut Errors) {
        if self.number().is_some_and(|number| !(low..=high).contains(&number)) {
            errors.push(self.invalid(format!("must be between {low} and {high}, inclusive")));
        }
    }

    /// A port by its number.
    pub(crate) fn port(&self, errors: &mut Errors) {
        self.range(1, 65_535, errors);
    }

    /// A port by its number or its name.
    pub(crate) fn port_or_name(&self, errors: &mut Errors) {
        match self.value {
            Value::String(name) => self.all(port_name(name), errors),
            Value::Int(_) => self.port(errors),
            _ => errors.push(FieldError::invalid(&self.path, 0, "must be between 1 and 65535, inclusive")),
        }
    }

    /// A number that is not negative, or a share in percent.
    pub(crate) fn count_or_percent(&self, errors: &mut Errors) {
        match self.value {
            Value::Int(_) => self.non_negative(errors),
            Value::String(text) => {
                let digits = text.strip_suffix('%').unwrap_or("x");
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
                    errors.push(self.invalid(detail));
                }
            }
            _ => {}
        }
    }

    /// A share above 100 %.
    pub(crate) fn not_above_all(&self, errors: &mut Errors) {
        let share = self.text().strip_suffix('%').and_then(|digits| digits.parse::<u64>().ok());
        if share.is_some_and(|share| share > 100) {
            errors.push(self.invalid("must not be greater than 100%"));
        }
    }

    pub(crate) fn dns_label(&self, errors: &mut Errors) {
        self.all(names::dns1123_label(self.text()), errors);
    }

    pub(crate) fn dns_subdomain(&self, errors: &mut Errors) {
        self.all(names::dns1123_subdomain(self.text()), errors);
    }

    pub(crate) fn qualified_name(&self, errors: &mut Errors) {
        self.all(names::qualified_name(self.text()), errors);
    }

    pub(crate) fn config_map_key(&self, errors: &mut Errors) {
        self.all(names::config_map_key(self.text()), errors);
    }

    /// An address of either family.
    pub(crate) fn address(&self, errors: &mut Errors) {
        if self.text().parse::<std::net::IpAddr>().is_err() {
            errors.push(self.invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
        }
    }

    /// A network of either family.
    pub(crate) fn network(&self, errors: &mut Errors) {
        if network_length(self.text()).is_none() {
            errors.push(self.invalid("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
        }
    }

    /// Labels, as keys and values.
    pub(crate) fn labels(&self, errors: &mut Errors) {
        if let Some(labels) = self.value.as_map() {
            apiserver::handlers::metadata::validate_labels(labels, &self.path, errors);
        }
    }

    /// A relative path that stays where it is.
    pub(crate) fn descending_path(&self, errors: &mut Errors) {
        if self.text().starts_with('/') {
            errors.push(self.invalid("must be a relative path"));
        }
        self.no_backsteps(errors);
    }

    pub(crate) fn no_backsteps(&self, errors: &mut Errors) {
        if self.text().split('/').any(|part| part == "..") {
            errors.push(self.invalid("must not contain '..'"));
        }
    }

    /// As it was before.
    pub(crate) fn immutable(&self, old: &Spot<'_>, errors: &mut Errors) {
        if !same(self.value, old.value) {
            errors.push(self.invalid(super::IMMUTABLE));
        }
    }
}

/// Whether two values say the same: nothing, and nothing said, are the same.
pub(crate) fn same(new: &Value, old: &Value) -> bool {
    let nothing = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    };
    new == old || (nothing(new) && nothing(old))
}

/// The length of a network's prefix and whether the address is IPv4, when `text` is a network.
pub(crate) fn network_length(text: &str) -> Option<(bool, u8)> {
    let (address, length) = text.split_once('/')?;
    let address: std::net::IpAddr = address.parse().ok()?;
    let length: u8 = length.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (length <= most).then_some((address.is_ipv4(), length))
}

/// Problems of a port's name: an IANA service name.
pub(crate) fn port_name(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 15 {
        problems.push("must be no more than 15 characters".to_owned());
    }
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') || name.is_empty() {
        problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        problems.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        problems.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        problems.push("must not begin or end with a hyphen".to_owned());
    }
    problems
}
