//! `k8s.io/api/networking/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct NetworkPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkPolicy(map_of(value))
    }
}

impl<'a> NetworkPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkPolicy(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> NetworkPolicySpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NetworkPolicySpec<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkPolicySpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkPolicySpec(map_of(value))
    }
}

impl<'a> NetworkPolicySpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkPolicySpec(map_of(value))
    }
    #[inline]
    pub fn pod_selector(self) -> views::meta_v1::LabelSelector<'a> {
        bare(self.0, "podSelector")
    }
    #[inline]
    pub fn ingress(self) -> ViewList<'a, NetworkPolicyIngressRule<'a>> {
        bare(self.0, "ingress")
    }
    #[inline]
    pub fn egress(self) -> ViewList<'a, NetworkPolicyEgressRule<'a>> {
        bare(self.0, "egress")
    }
    #[inline]
    pub fn policy_types(self) -> ViewList<'a, &'a str> {
        bare(self.0, "policyTypes")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NetworkPolicyIngressRule<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkPolicyIngressRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkPolicyIngressRule(map_of(value))
    }
}

impl<'a> NetworkPolicyIngressRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkPolicyIngressRule(map_of(value))
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, NetworkPolicyPort<'a>> {
        bare(self.0, "ports")
    }
    #[inline]
    pub fn from(self) -> ViewList<'a, NetworkPolicyPeer<'a>> {
        bare(self.0, "from")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NetworkPolicyEgressRule<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkPolicyEgressRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkPolicyEgressRule(map_of(value))
    }
}

impl<'a> NetworkPolicyEgressRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkPolicyEgressRule(map_of(value))
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, NetworkPolicyPort<'a>> {
        bare(self.0, "ports")
    }
    #[inline]
    pub fn to(self) -> ViewList<'a, NetworkPolicyPeer<'a>> {
        bare(self.0, "to")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NetworkPolicyPort<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkPolicyPort<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkPolicyPort(map_of(value))
    }
}

impl<'a> NetworkPolicyPort<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkPolicyPort(map_of(value))
    }
    #[inline]
    pub fn protocol(self) -> Option<&'a str> {
        optional(self.0, "protocol")
    }
    #[inline]
    pub fn port(self) -> Option<IntOrString<'a>> {
        optional(self.0, "port")
    }
    #[inline]
    pub fn end_port(self) -> Option<i64> {
        optional(self.0, "endPort")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IPBlock<'a>(pub &'a Map);

impl<'a> Item<'a> for IPBlock<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IPBlock(map_of(value))
    }
}

impl<'a> IPBlock<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IPBlock(map_of(value))
    }
    #[inline]
    pub fn cidr(self) -> &'a str {
        bare(self.0, "cidr")
    }
    #[inline]
    pub fn except(self) -> ViewList<'a, &'a str> {
        bare(self.0, "except")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NetworkPolicyPeer<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkPolicyPeer<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkPolicyPeer(map_of(value))
    }
}

impl<'a> NetworkPolicyPeer<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkPolicyPeer(map_of(value))
    }
    #[inline]
    pub fn pod_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "podSelector")
    }
    #[inline]
    pub fn namespace_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "namespaceSelector")
    }
    #[inline]
    pub fn ip_block(self) -> Option<IPBlock<'a>> {
        optional(self.0, "ipBlock")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NetworkPolicyList<'a>(pub &'a Map);

impl<'a> Item<'a> for NetworkPolicyList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NetworkPolicyList(map_of(value))
    }
}

impl<'a> NetworkPolicyList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NetworkPolicyList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, NetworkPolicy<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Ingress<'a>(pub &'a Map);

impl<'a> Item<'a> for Ingress<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Ingress(map_of(value))
    }
}

impl<'a> Ingress<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Ingress(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> IngressSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> IngressStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressList<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressList(map_of(value))
    }
}

impl<'a> IngressList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Ingress<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressSpec(map_of(value))
    }
}

impl<'a> IngressSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressSpec(map_of(value))
    }
    #[inline]
    pub fn ingress_class_name(self) -> Option<&'a str> {
        optional(self.0, "ingressClassName")
    }
    #[inline]
    pub fn default_backend(self) -> Option<IngressBackend<'a>> {
        optional(self.0, "defaultBackend")
    }
    #[inline]
    pub fn tls(self) -> ViewList<'a, IngressTLS<'a>> {
        bare(self.0, "tls")
    }
    #[inline]
    pub fn rules(self) -> ViewList<'a, IngressRule<'a>> {
        bare(self.0, "rules")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressTLS<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressTLS<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressTLS(map_of(value))
    }
}

impl<'a> IngressTLS<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressTLS(map_of(value))
    }
    #[inline]
    pub fn hosts(self) -> ViewList<'a, &'a str> {
        bare(self.0, "hosts")
    }
    #[inline]
    pub fn secret_name(self) -> &'a str {
        bare(self.0, "secretName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressStatus(map_of(value))
    }
}

impl<'a> IngressStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressStatus(map_of(value))
    }
    #[inline]
    pub fn load_balancer(self) -> IngressLoadBalancerStatus<'a> {
        bare(self.0, "loadBalancer")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressLoadBalancerStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressLoadBalancerStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressLoadBalancerStatus(map_of(value))
    }
}

impl<'a> IngressLoadBalancerStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressLoadBalancerStatus(map_of(value))
    }
    #[inline]
    pub fn ingress(self) -> ViewList<'a, IngressLoadBalancerIngress<'a>> {
        bare(self.0, "ingress")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressLoadBalancerIngress<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressLoadBalancerIngress<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressLoadBalancerIngress(map_of(value))
    }
}

impl<'a> IngressLoadBalancerIngress<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressLoadBalancerIngress(map_of(value))
    }
    #[inline]
    pub fn ip(self) -> &'a str {
        bare(self.0, "ip")
    }
    #[inline]
    pub fn hostname(self) -> &'a str {
        bare(self.0, "hostname")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, IngressPortStatus<'a>> {
        bare(self.0, "ports")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressPortStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressPortStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressPortStatus(map_of(value))
    }
}

impl<'a> IngressPortStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressPortStatus(map_of(value))
    }
    #[inline]
    pub fn port(self) -> i64 {
        bare(self.0, "port")
    }
    #[inline]
    pub fn protocol(self) -> &'a str {
        bare(self.0, "protocol")
    }
    #[inline]
    pub fn error(self) -> Option<&'a str> {
        optional(self.0, "error")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressRule<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressRule(map_of(value))
    }
}

impl<'a> IngressRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressRule(map_of(value))
    }
    #[inline]
    pub fn host(self) -> &'a str {
        bare(self.0, "host")
    }
    #[inline]
    pub fn ingress_rule_value(self) -> IngressRuleValue<'a> {
        IngressRuleValue(self.0)
    }
    #[inline]
    pub fn http(self) -> Option<HTTPIngressRuleValue<'a>> {
        optional(self.0, "http")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressRuleValue<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressRuleValue<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressRuleValue(map_of(value))
    }
}

impl<'a> IngressRuleValue<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressRuleValue(map_of(value))
    }
    #[inline]
    pub fn http(self) -> Option<HTTPIngressRuleValue<'a>> {
        optional(self.0, "http")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HTTPIngressRuleValue<'a>(pub &'a Map);

impl<'a> Item<'a> for HTTPIngressRuleValue<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HTTPIngressRuleValue(map_of(value))
    }
}

impl<'a> HTTPIngressRuleValue<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HTTPIngressRuleValue(map_of(value))
    }
    #[inline]
    pub fn paths(self) -> ViewList<'a, HTTPIngressPath<'a>> {
        bare(self.0, "paths")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HTTPIngressPath<'a>(pub &'a Map);

impl<'a> Item<'a> for HTTPIngressPath<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HTTPIngressPath(map_of(value))
    }
}

impl<'a> HTTPIngressPath<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HTTPIngressPath(map_of(value))
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn path_type(self) -> Option<&'a str> {
        optional(self.0, "pathType")
    }
    #[inline]
    pub fn backend(self) -> IngressBackend<'a> {
        bare(self.0, "backend")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressBackend<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressBackend<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressBackend(map_of(value))
    }
}

impl<'a> IngressBackend<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressBackend(map_of(value))
    }
    #[inline]
    pub fn service(self) -> Option<IngressServiceBackend<'a>> {
        optional(self.0, "service")
    }
    #[inline]
    pub fn resource(self) -> Option<views::core_v1::TypedLocalObjectReference<'a>> {
        optional(self.0, "resource")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressServiceBackend<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressServiceBackend<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressServiceBackend(map_of(value))
    }
}

impl<'a> IngressServiceBackend<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressServiceBackend(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn port(self) -> ServiceBackendPort<'a> {
        bare(self.0, "port")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceBackendPort<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceBackendPort<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceBackendPort(map_of(value))
    }
}

impl<'a> ServiceBackendPort<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceBackendPort(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn number(self) -> i64 {
        bare(self.0, "number")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressClass<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressClass<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressClass(map_of(value))
    }
}

impl<'a> IngressClass<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressClass(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> IngressClassSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressClassSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressClassSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressClassSpec(map_of(value))
    }
}

impl<'a> IngressClassSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressClassSpec(map_of(value))
    }
    #[inline]
    pub fn controller(self) -> &'a str {
        bare(self.0, "controller")
    }
    #[inline]
    pub fn parameters(self) -> Option<IngressClassParametersReference<'a>> {
        optional(self.0, "parameters")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressClassParametersReference<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressClassParametersReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressClassParametersReference(map_of(value))
    }
}

impl<'a> IngressClassParametersReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressClassParametersReference(map_of(value))
    }
    #[inline]
    pub fn api_group(self) -> Option<&'a str> {
        optional(self.0, "apiGroup")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn scope(self) -> Option<&'a str> {
        optional(self.0, "scope")
    }
    #[inline]
    pub fn namespace(self) -> Option<&'a str> {
        optional(self.0, "namespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IngressClassList<'a>(pub &'a Map);

impl<'a> Item<'a> for IngressClassList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IngressClassList(map_of(value))
    }
}

impl<'a> IngressClassList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IngressClassList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, IngressClass<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IPAddress<'a>(pub &'a Map);

impl<'a> Item<'a> for IPAddress<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IPAddress(map_of(value))
    }
}

impl<'a> IPAddress<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IPAddress(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> IPAddressSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IPAddressSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for IPAddressSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IPAddressSpec(map_of(value))
    }
}

impl<'a> IPAddressSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IPAddressSpec(map_of(value))
    }
    #[inline]
    pub fn parent_ref(self) -> Option<ParentReference<'a>> {
        optional(self.0, "parentRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ParentReference<'a>(pub &'a Map);

impl<'a> Item<'a> for ParentReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ParentReference(map_of(value))
    }
}

impl<'a> ParentReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ParentReference(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn resource(self) -> &'a str {
        bare(self.0, "resource")
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct IPAddressList<'a>(pub &'a Map);

impl<'a> Item<'a> for IPAddressList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        IPAddressList(map_of(value))
    }
}

impl<'a> IPAddressList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        IPAddressList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, IPAddress<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceCIDR<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceCIDR<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceCIDR(map_of(value))
    }
}

impl<'a> ServiceCIDR<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceCIDR(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> ServiceCIDRSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ServiceCIDRStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceCIDRSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceCIDRSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceCIDRSpec(map_of(value))
    }
}

impl<'a> ServiceCIDRSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceCIDRSpec(map_of(value))
    }
    #[inline]
    pub fn cidrs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "cidrs")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceCIDRStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceCIDRStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceCIDRStatus(map_of(value))
    }
}

impl<'a> ServiceCIDRStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceCIDRStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceCIDRList<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceCIDRList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceCIDRList(map_of(value))
    }
}

impl<'a> ServiceCIDRList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceCIDRList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, ServiceCIDR<'a>> {
        bare(self.0, "items")
    }
}
