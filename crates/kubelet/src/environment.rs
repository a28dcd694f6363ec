//! The environment of a container.
//!
//! Later definitions win, a definition may refer to earlier ones and to service variables, and service variables
//! stand in only for names that the pod does not define: upstream's `makeEnvironmentVariables`.

use std::{collections::BTreeMap, sync::Arc};

use api::views::core_v1::{Container, EnvVarSource, Pod, Service};
use apimachinery::Object;
use component_helpers::resources::Resources;

use crate::{
    downward::{self, Addresses},
    env_file,
    expansion::expand,
    objects::{Objects, Source, data, missing},
    volumes::{Mounted, blocking},
};

/// Why an environment cannot be made; the container waits with `CreateContainerConfigError`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A required object does not exist.
    #[error("{0}")]
    Missing(String),
    /// An object exists, but not the key.
    #[error("couldn't find key {key} in {kind} {namespace}/{name}")]
    Key {
        /// The key.
        key: String,
        /// The object's kind.
        kind: &'static str,
        /// The object's namespace.
        namespace: String,
        /// The object's name.
        name: String,
    },
    /// The API did not answer.
    #[error(transparent)]
    Api(#[from] apimachinery::Status),
    /// A field or resource reference is wrong.
    #[error(transparent)]
    Downward(#[from] downward::Error),
    /// A reference to a file's key names a volume that the pod does not have.
    #[error("cannot find the volume {0:?} referenced by FileKeyRef")]
    NoVolume(String),
    /// A file of variables cannot be understood.
    #[error("couldn't parse env file: {0}")]
    File(String),
    /// A file of variables has no such key.
    #[error("environment variable key {key:?} not found in file {path:?}")]
    FileKey {
        /// The key.
        key: String,
        /// The file, in its volume.
        path: String,
    },
    /// A source that this kubelet does not know.
    #[error("environment variable {0:?} has a source that this kubelet does not support")]
    Unsupported(String),
}

/// What an environment is made of beside the container.
pub struct Sources<'a> {
    /// The pod.
    pub pod: &'a Object,
    /// Services of the pod's namespace and `default/kubernetes`.
    pub services: &'a [Arc<Object>],
    /// Where ConfigMaps and secrets come from.
    pub objects: &'a Objects,
    /// The node's and the pod's addresses.
    pub addresses: &'a Addresses,
    /// The node's allocatable resources.
    pub allocatable: &'a Resources,
    /// The pod's volumes.
    pub volumes: &'a BTreeMap<String, Mounted>,
}

fn variable_name(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

/// The variables that describe services, `KUBERNETES_SERVICE_HOST` among them.
pub fn service_variables<'a>(services: impl IntoIterator<Item = &'a Object>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for service in services {
        let view = Service::of(service);
        let address = view.spec().cluster_ip();
        let ports = view.spec().ports();
        let Some(first) = ports.first() else { continue };
        if matches!(address, "" | "None") {
            continue;
        }
        let prefix = variable_name(service.name());
        variables.push((format!("{prefix}_SERVICE_HOST"), address.to_owned()));
        variables.push((format!("{prefix}_SERVICE_PORT"), first.port().to_string()));
        for port in ports.iter().filter(|port| !port.name().is_empty()) {
            let name = format!("{prefix}_SERVICE_PORT_{}", variable_name(port.name()));
            variables.push((name, port.port().to_string()));
        }
        for (index, port) in ports.iter().enumerate() {
            let protocol = if port.protocol().is_empty() { "TCP" } else { port.protocol() };
            let number = port.port();
            let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
            let url = format!("{}://{host}:{number}", protocol.to_lowercase());
            if index == 0 {
                variables.push((format!("{prefix}_PORT"), url.clone()));
            }
            let prefix = format!("{prefix}_PORT_{number}_{}", protocol.to_uppercase());
            variables.push((prefix.clone(), url));
            variables.push((format!("{prefix}_PROTO"), protocol.to_lowercase()));
            variables.push((format!("{prefix}_PORT"), number.to_string()));
            variables.push((format!("{prefix}_ADDR"), address.to_owned()));
        }
    }
    variables
}

/// The services whose variables a pod gets.
fn linked<'a>(sources: &Sources<'a>) -> Vec<&'a Object> {
    let links = Pod::of(sources.pod).spec().enable_service_links().unwrap_or(true);
    let namespace = sources.pod.namespace();
    let mut chosen: BTreeMap<&str, &Object> = BTreeMap::new();
    for service in sources.services {
        let master = service.namespace() == "default" && service.name() == "kubernetes";
        let own = service.namespace() == namespace && links;
        if own || (master && !chosen.contains_key("kubernetes")) {
            chosen.insert(service.name(), service);
        }
    }
    chosen.into_values().collect()
}

/// An environment under construction: the order of first definition, the value of the last.
#[derive(Default)]
struct Environment {
    order: Vec<String>,
    values: BTreeMap<String, Vec<u8>>,
}

impl Environment {
    fn set(&mut self, name: String, value: Vec<u8>) {
        if self.values.insert(name.clone(), value).is_none() {
            self.order.push(name);
        }
    }

    fn lookup(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

/// The environment of `container`: names and values.
pub async fn make(container: Container<'_>, sources: &Sources<'_>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let services: BTreeMap<String, String> = service_variables(linked(sources)).into_iter().collect();
    let mut environment = Environment::default();
    for from in container.env_from().iter() {
        let (source, name, optional) = match (from.config_map_ref(), from.secret_ref()) {
            (Some(reference), _) => (Source::ConfigMap, reference.name(), reference.optional()),
            (None, Some(reference)) => (Source::Secret, reference.name(), reference.optional()),
            (None, None) => continue,
        };
        let Some(object) = get(sources, source, name, optional == Some(true)).await? else { continue };
        for (key, value) in data(source, &object) {
            if !key.contains('=') {
                environment.set(format!("{}{key}", from.prefix()), value);
            }
        }
    }
    for variable in container.env().iter() {
        let value = match variable.value_from() {
            None => {
                let lookup = |name: &str| environment.lookup(name).or_else(|| services.get(name).cloned());
                Some(expand(variable.value(), lookup).into_bytes())
            }
            Some(source) => from_source(container, variable.name(), source, sources).await?,
        };
        if let Some(value) = value {
            environment.set(variable.name().to_owned(), value);
        }
    }
    for (name, value) in services {
        if !environment.values.contains_key(&name) {
            environment.set(name, value.into_bytes());
        }
    }
    let Environment { order, mut values } = environment;
    Ok(order.into_iter().filter_map(|name| values.remove(&name).map(|value| (name, value))).collect())
}

async fn get(sources: &Sources<'_>, source: Source, name: &str, optional: bool) -> Result<Option<Arc<Object>>, Error> {
    match sources.objects.get(source, sources.pod.namespace(), name).await? {
        None if !optional => Err(Error::Missing(missing(source, name))),
        found => Ok(found),
    }
}

/// The value of a reference; `None` when it is optional and there is nothing.
async fn from_source(
    container: Container<'_>,
    variable: &str,
    reference: EnvVarSource<'_>,
    sources: &Sources<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    if let Some(field) = reference.field_ref() {
        return Ok(Some(downward::field(sources.pod, field.field_path(), sources.addresses)?.into_bytes()));
    }
    if let Some(resource) = reference.resource_field_ref() {
        let pod = Pod::of(sources.pod);
        let value = downward::resource(pod, Some(container), resource, sources.allocatable)?;
        return Ok(Some(value.into_bytes()));
    }
    if let Some(file) = reference.file_key_ref() {
        let volume = sources.volumes.get(file.volume_name());
        let volume = volume.ok_or_else(|| Error::NoVolume(file.volume_name().to_owned()))?.path.clone();
        let (path, key) = (file.path().to_owned(), file.key().to_owned());
        let (asked, wanted) = (path.clone(), key.clone());
        let found = blocking(move || env_file::value(&volume, &asked, &wanted)).await.map_err(Error::File)?;
        return match found {
            None if file.optional() != Some(true) => Err(Error::FileKey { key, path }),
            found => Ok(found.map(String::into_bytes)),
        };
    }
    let (source, name, key, optional) = match (reference.config_map_key_ref(), reference.secret_key_ref()) {
        (Some(selector), _) => (Source::ConfigMap, selector.name(), selector.key(), selector.optional()),
        (None, Some(selector)) => (Source::Secret, selector.name(), selector.key(), selector.optional()),
        (None, None) => return Err(Error::Unsupported(variable.to_owned())),
    };
    let optional = optional == Some(true);
    let Some(object) = get(sources, source, name, optional).await? else { return Ok(None) };
    match data(source, &object).into_iter().find(|(found, _)| found == key) {
        Some((_, value)) => Ok(Some(value)),
        None if optional => Ok(None),
        None => Err(Error::Key {
            key: key.to_owned(),
            kind: source.kind(),
            namespace: sources.pod.namespace().to_owned(),
            name: name.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apimachinery::{Value, base64_encode, value};
    use client::{kinds, testing::FakeApi};

    async fn environment(api: &FakeApi, container: Value, services: &[Arc<Object>]) -> Result<String, Error> {
        let pod = Object(value!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"containers": [container]}}));
        let container = Pod::of(&pod).spec().containers().first().unwrap();
        let sources = Sources {
            pod: &pod,
            services,
            objects: &Objects::new(api.client("test")),
            addresses: &Addresses { host: vec!["h".into()], pod: vec!["10.0.0.1".into()] },
            allocatable: &Resources::new(),
            volumes: &BTreeMap::new(),
        };
        let variables = make(container, &sources).await?;
        Ok(variables.iter().map(|(name, value)| format!("{name}={} ", String::from_utf8_lossy(value))).collect())
    }

    #[tokio::test]
    async fn sources_in_order() {
        let api = FakeApi::new();
        api.seed(
            &kinds::CONFIG_MAPS,
            value!({"metadata": {"name": "c", "namespace": "n"}, "data": {"K": "v", "X": "old"}}),
        );
        let secret = value!({"metadata": {"name": "s", "namespace": "n"}, "data": {"P": base64_encode(b"pw")}});
        api.seed(&kinds::SECRETS, secret);
        let container = value!({
            "name": "a",
            "envFrom": [{"prefix": "C_", "configMapRef": {"name": "c"}}, {"secretRef": {"name": "none", "optional": true}}],
            "env": [
                {"name": "A", "value": "1"},
                {"name": "C_X", "value": "new"},
                {"name": "B", "value": "$(A)$(C_K)$(WEB_SERVICE_HOST)$(NONE)"},
                {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "P"}}},
                {"name": "O", "valueFrom": {"secretKeyRef": {"name": "s", "key": "Q", "optional": true}}},
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "WEB_PORT", "value": "mine"}
            ]
        });
        let service = |namespace: &str, name: &str, ip: &str| {
            Arc::new(Object(value!({
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"clusterIP": ip, "ports": [{"port": 80}]}
            })))
        };
        let services =
            [service("n", "web", "1.2.3.4"), service("n", "headless", "None"), service("m", "other", "5.6.7.8")];
        let found = environment(&api, container, &services).await.unwrap();
        assert_eq!(
            found,
            "C_K=v C_X=new A=1 B=1v1.2.3.4$(NONE) P=pw IP=10.0.0.1 WEB_PORT=mine \
             WEB_PORT_80_TCP=tcp://1.2.3.4:80 WEB_PORT_80_TCP_ADDR=1.2.3.4 WEB_PORT_80_TCP_PORT=80 \
             WEB_PORT_80_TCP_PROTO=tcp WEB_SERVICE_HOST=1.2.3.4 WEB_SERVICE_PORT=80 "
        );
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let api = FakeApi::new();
        api.seed(&kinds::CONFIG_MAPS, value!({"metadata": {"name": "c", "namespace": "n"}, "data": {}}));
        let reference = |name: &str| value!({"name": "a", "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": name, "key": "k"}}}]});
        let message = |result: Result<String, Error>| result.unwrap_err().to_string();
        assert_eq!(message(environment(&api, reference("c"), &[]).await), "couldn't find key k in ConfigMap n/c");
        assert_eq!(message(environment(&api, reference("d"), &[]).await), "configmap \"d\" not found");
    }
}
