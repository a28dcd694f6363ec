//! Spot checks of what the schema says, against facts that every user of Kubernetes knows.

use apimachinery::{
    decode::{self, Zeros},
    schema::{Alternative, Field, Kind, ListType, Presence, StructType},
    value,
};

fn definition(name: &str) -> &'static StructType {
    api::schema().get(api::schema().id(name).unwrap_or_else(|| panic!("no type {name}")))
}

fn core(name: &str) -> &'static StructType {
    definition(&format!("io.k8s.api.core.v1.{name}"))
}

fn field(definition: &'static StructType, name: &str) -> &'static Field {
    definition.field(name).unwrap_or_else(|| panic!("no field {name} in {}", definition.name))
}

#[test]
fn lists_merge_by_their_keys() {
    let keys = |field: &Field| field.list_map_keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    let containers = field(core("PodSpec"), "containers");
    assert_eq!((containers.list_type, keys(containers)), (ListType::Map, vec!["name".to_owned()]));
    assert!(containers.patch_merge && containers.patch_merge_key == "name");
    assert_eq!(keys(field(core("Container"), "ports")), ["containerPort", "protocol"]);
    assert_eq!(field(core("Container"), "ports").patch_merge_key, "containerPort");
    assert_eq!(keys(field(core("ServiceSpec"), "ports")), ["port", "protocol"]);
    let finalizers = field(definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"), "finalizers");
    assert_eq!((finalizers.list_type, finalizers.patch_merge_key.as_str()), (ListType::Set, ""));
    assert!(field(core("PodSpec"), "volumes").patch_retain_keys);
}

#[test]
fn what_merges_as_one() {
    assert!(definition("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector").atomic);
    assert!(core("NodeSelector").atomic);
    assert!(field(core("PodSpec"), "nodeSelector").atomic);
    assert!(field(core("ServiceSpec"), "selector").atomic);
    assert!(field(core("PersistentVolumeSpec"), "claimRef").granular);
    assert!(!core("PodSpec").atomic);
}

#[test]
fn protobuf_numbers_and_embedded_structs() {
    let pod_spec = core("PodSpec");
    assert_eq!(field(pod_spec, "hostNetwork").number, 11);
    assert_eq!(pod_spec.field_by_number(2).map(|field| field.name.as_str()), Some("containers"));
    assert_eq!(field(core("Pod"), "apiVersion").number, 0);
    let volume = core("Volume");
    assert_eq!(field(volume, "emptyDir").number, 0, "inside the embedded VolumeSource");
    assert_eq!(volume.inline.len(), 1);
    assert_eq!(volume.inline[0].number, 2);
    assert!(std::ptr::eq(api::schema().get(volume.inline[0].embedded), core("VolumeSource")));
    assert!(core("Pod").inline.is_empty());
}

#[test]
fn kinds_of_values() {
    assert_eq!(field(core("ServicePort"), "targetPort").kind, Kind::IntOrString);
    assert_eq!(field(core("Secret"), "data").kind, Kind::Map(Box::new(Kind::Bytes)));
    assert_eq!(field(core("ResourceRequirements"), "limits").kind, Kind::Map(Box::new(Kind::Quantity)));
    assert_eq!(field(core("PodSpec"), "terminationGracePeriodSeconds").kind, Kind::Int64);
    let user = definition("io.k8s.api.authentication.v1.UserInfo");
    assert_eq!(field(user, "extra").kind, Kind::Map(Box::new(Kind::StringListMessage)));
    let props = definition("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");
    let Kind::StructOr(id, Alternative::Bool) = field(props, "additionalProperties").kind else {
        panic!("{:?}", field(props, "additionalProperties").kind)
    };
    assert!(std::ptr::eq(api::schema().get(id), props));
}

#[test]
fn presence_is_what_go_does() {
    let presence = |definition: &'static StructType, name: &str| field(definition, name).presence;
    assert_eq!(presence(core("PodSpec"), "terminationGracePeriodSeconds"), Presence::Pointer);
    assert_eq!(presence(core("PodSpec"), "nodeName"), Presence::OmitZero);
    assert_eq!(presence(core("PodSpec"), "volumes"), Presence::Optional);
    assert_eq!(presence(core("PodSpec"), "containers"), Presence::Null);
    assert_eq!(presence(core("Container"), "name"), Presence::Always);
    assert_eq!(presence(core("Container"), "resources"), Presence::Always);
    assert_eq!(presence(core("PodCondition"), "lastProbeTime"), Presence::Null);
    assert_eq!(presence(core("ResourceFieldSelector"), "divisor"), Presence::Always);
    let meta = definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    assert_eq!(presence(meta, "creationTimestamp"), Presence::OmitZero);
    assert_eq!(presence(meta, "deletionTimestamp"), Presence::Pointer);
}

#[test]
fn an_empty_object_reads_as_go_writes_it() {
    let empty = |group: &str, version: &str, kind: &str| {
        let id = api::type_of(group, version, kind).unwrap();
        decode::json(b"{}", api::schema(), id, Zeros::Fill).unwrap().value
    };
    assert_eq!(empty("", "v1", "Pod"), value!({"metadata": {}, "spec": {"containers": null}, "status": {}}));
    assert_eq!(empty("", "v1", "PodList"), value!({"metadata": {}, "items": null}));
    assert_eq!(empty("", "v1", "ConfigMap"), value!({"metadata": {}}));
    let role = value!({"metadata": {}, "rules": null});
    assert_eq!(empty("rbac.authorization.k8s.io", "v1", "Role"), role);
}

#[test]
fn enumerations_and_descriptions() {
    assert_eq!(field(core("PodSpec"), "restartPolicy").enumeration, ["Always", "Never", "OnFailure"]);
    let text = api::description(core("Pod").description).unwrap();
    assert!(text.starts_with("Pod is a collection of containers"), "{text}");
    let texts = api::descriptions();
    let text = texts.get(field(core("Volume"), "emptyDir").description).unwrap();
    assert!(text.starts_with("emptyDir represents a temporary directory"), "{text}");
}

#[test]
fn every_resource_has_a_type_and_so_has_its_list() {
    let mut seen = 0;
    for resource in api::resources() {
        let type_of = |kind: &str| api::type_of(resource.group, resource.version, kind);
        assert!(type_of(resource.kind).is_some(), "{resource:?}");
        if resource.verbs.contains(&"list") {
            assert!(type_of(&format!("{}List", resource.kind)).is_some(), "{resource:?}");
        }
        assert_eq!(resource.storage_version.is_some(), resource.verbs.contains(&"watch"), "{resource:?}");
        for subresource in &resource.subresources {
            let id = api::type_of(subresource.group, subresource.version, subresource.kind);
            assert!(id.is_some(), "{subresource:?}");
        }
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn kinds_of_the_protocol_are_found_where_upstream_registers_them() {
    let name = |id| api::schema().get(id).name.as_str();
    assert_eq!(
        api::type_of("apps", "v1", "DeleteOptions").map(name),
        Some("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
    );
    assert_eq!(api::type_of("", "v1", "Status"), api::type_of("meta.k8s.io", "v1", "Status"));
    assert_eq!(api::type_of("", "v1", "List").map(name), Some("io.k8s.apimachinery.pkg.apis.meta.v1.List"));
    assert_eq!(api::type_of("apps", "v1", "Status"), None);
    assert!(api::type_of("metrics.k8s.io", "v1beta1", "PodMetricsList").is_some());
    assert!(api::group_version_kinds().is_sorted());
}
