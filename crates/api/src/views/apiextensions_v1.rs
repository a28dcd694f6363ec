//! `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceDefinitionSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceDefinitionSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceDefinitionSpec(map_of(value))
    }
}

impl<'a> CustomResourceDefinitionSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceDefinitionSpec(map_of(value))
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn names(self) -> CustomResourceDefinitionNames<'a> {
        bare(self.0, "names")
    }
    #[inline]
    pub fn scope(self) -> &'a str {
        bare(self.0, "scope")
    }
    #[inline]
    pub fn versions(self) -> ViewList<'a, CustomResourceDefinitionVersion<'a>> {
        bare(self.0, "versions")
    }
    #[inline]
    pub fn conversion(self) -> Option<CustomResourceConversion<'a>> {
        optional(self.0, "conversion")
    }
    #[inline]
    pub fn preserve_unknown_fields(self) -> bool {
        bare(self.0, "preserveUnknownFields")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceConversion<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceConversion<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceConversion(map_of(value))
    }
}

impl<'a> CustomResourceConversion<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceConversion(map_of(value))
    }
    #[inline]
    pub fn strategy(self) -> &'a str {
        bare(self.0, "strategy")
    }
    #[inline]
    pub fn webhook(self) -> Option<WebhookConversion<'a>> {
        optional(self.0, "webhook")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WebhookConversion<'a>(pub &'a Map);

impl<'a> Item<'a> for WebhookConversion<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WebhookConversion(map_of(value))
    }
}

impl<'a> WebhookConversion<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WebhookConversion(map_of(value))
    }
    #[inline]
    pub fn client_config(self) -> Option<WebhookClientConfig<'a>> {
        optional(self.0, "clientConfig")
    }
    #[inline]
    pub fn conversion_review_versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "conversionReviewVersions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WebhookClientConfig<'a>(pub &'a Map);

impl<'a> Item<'a> for WebhookClientConfig<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WebhookClientConfig(map_of(value))
    }
}

impl<'a> WebhookClientConfig<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WebhookClientConfig(map_of(value))
    }
    #[inline]
    pub fn url(self) -> Option<&'a str> {
        optional(self.0, "url")
    }
    #[inline]
    pub fn service(self) -> Option<ServiceReference<'a>> {
        optional(self.0, "service")
    }
    #[inline]
    pub fn ca_bundle(self) -> Option<&'a str> {
        optional(self.0, "caBundle")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceReference<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceReference(map_of(value))
    }
}

impl<'a> ServiceReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceReference(map_of(value))
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn path(self) -> Option<&'a str> {
        optional(self.0, "path")
    }
    #[inline]
    pub fn port(self) -> Option<i64> {
        optional(self.0, "port")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceDefinitionVersion<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceDefinitionVersion<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceDefinitionVersion(map_of(value))
    }
}

impl<'a> CustomResourceDefinitionVersion<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceDefinitionVersion(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn served(self) -> bool {
        bare(self.0, "served")
    }
    #[inline]
    pub fn storage(self) -> bool {
        bare(self.0, "storage")
    }
    #[inline]
    pub fn deprecated(self) -> bool {
        bare(self.0, "deprecated")
    }
    #[inline]
    pub fn deprecation_warning(self) -> Option<&'a str> {
        optional(self.0, "deprecationWarning")
    }
    #[inline]
    pub fn schema(self) -> Option<CustomResourceValidation<'a>> {
        optional(self.0, "schema")
    }
    #[inline]
    pub fn subresources(self) -> Option<CustomResourceSubresources<'a>> {
        optional(self.0, "subresources")
    }
    #[inline]
    pub fn additional_printer_columns(self) -> ViewList<'a, CustomResourceColumnDefinition<'a>> {
        bare(self.0, "additionalPrinterColumns")
    }
    #[inline]
    pub fn selectable_fields(self) -> ViewList<'a, SelectableField<'a>> {
        bare(self.0, "selectableFields")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SelectableField<'a>(pub &'a Map);

impl<'a> Item<'a> for SelectableField<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SelectableField(map_of(value))
    }
}

impl<'a> SelectableField<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SelectableField(map_of(value))
    }
    #[inline]
    pub fn json_path(self) -> &'a str {
        bare(self.0, "jsonPath")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceColumnDefinition<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceColumnDefinition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceColumnDefinition(map_of(value))
    }
}

impl<'a> CustomResourceColumnDefinition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceColumnDefinition(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn format(self) -> &'a str {
        bare(self.0, "format")
    }
    #[inline]
    pub fn description(self) -> &'a str {
        bare(self.0, "description")
    }
    #[inline]
    pub fn priority(self) -> i64 {
        bare(self.0, "priority")
    }
    #[inline]
    pub fn json_path(self) -> &'a str {
        bare(self.0, "jsonPath")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceDefinitionNames<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceDefinitionNames<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceDefinitionNames(map_of(value))
    }
}

impl<'a> CustomResourceDefinitionNames<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceDefinitionNames(map_of(value))
    }
    #[inline]
    pub fn plural(self) -> &'a str {
        bare(self.0, "plural")
    }
    #[inline]
    pub fn singular(self) -> &'a str {
        bare(self.0, "singular")
    }
    #[inline]
    pub fn short_names(self) -> ViewList<'a, &'a str> {
        bare(self.0, "shortNames")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn list_kind(self) -> &'a str {
        bare(self.0, "listKind")
    }
    #[inline]
    pub fn categories(self) -> ViewList<'a, &'a str> {
        bare(self.0, "categories")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceDefinitionCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceDefinitionCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceDefinitionCondition(map_of(value))
    }
}

impl<'a> CustomResourceDefinitionCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceDefinitionCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceDefinitionStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceDefinitionStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceDefinitionStatus(map_of(value))
    }
}

impl<'a> CustomResourceDefinitionStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceDefinitionStatus(map_of(value))
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, CustomResourceDefinitionCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn accepted_names(self) -> CustomResourceDefinitionNames<'a> {
        bare(self.0, "acceptedNames")
    }
    #[inline]
    pub fn stored_versions(self) -> ViewList<'a, &'a str> {
        bare(self.0, "storedVersions")
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceDefinition<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceDefinition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceDefinition(map_of(value))
    }
}

impl<'a> CustomResourceDefinition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceDefinition(map_of(value))
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
    pub fn spec(self) -> CustomResourceDefinitionSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> CustomResourceDefinitionStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceDefinitionList<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceDefinitionList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceDefinitionList(map_of(value))
    }
}

impl<'a> CustomResourceDefinitionList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceDefinitionList(map_of(value))
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
    pub fn items(self) -> ViewList<'a, CustomResourceDefinition<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceValidation<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceValidation<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceValidation(map_of(value))
    }
}

impl<'a> CustomResourceValidation<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceValidation(map_of(value))
    }
    #[inline]
    pub fn open_apiv3_schema(self) -> Option<JSONSchemaProps<'a>> {
        optional(self.0, "openAPIV3Schema")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceSubresources<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceSubresources<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceSubresources(map_of(value))
    }
}

impl<'a> CustomResourceSubresources<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceSubresources(map_of(value))
    }
    #[inline]
    pub fn status(self) -> Option<CustomResourceSubresourceStatus<'a>> {
        optional(self.0, "status")
    }
    #[inline]
    pub fn scale(self) -> Option<CustomResourceSubresourceScale<'a>> {
        optional(self.0, "scale")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceSubresourceStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceSubresourceStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceSubresourceStatus(map_of(value))
    }
}

impl<'a> CustomResourceSubresourceStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceSubresourceStatus(map_of(value))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CustomResourceSubresourceScale<'a>(pub &'a Map);

impl<'a> Item<'a> for CustomResourceSubresourceScale<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CustomResourceSubresourceScale(map_of(value))
    }
}

impl<'a> CustomResourceSubresourceScale<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CustomResourceSubresourceScale(map_of(value))
    }
    #[inline]
    pub fn spec_replicas_path(self) -> &'a str {
        bare(self.0, "specReplicasPath")
    }
    #[inline]
    pub fn status_replicas_path(self) -> &'a str {
        bare(self.0, "statusReplicasPath")
    }
    #[inline]
    pub fn label_selector_path(self) -> Option<&'a str> {
        optional(self.0, "labelSelectorPath")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConversionReview<'a>(pub &'a Map);

impl<'a> Item<'a> for ConversionReview<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConversionReview(map_of(value))
    }
}

impl<'a> ConversionReview<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConversionReview(map_of(value))
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
    pub fn request(self) -> Option<ConversionRequest<'a>> {
        optional(self.0, "request")
    }
    #[inline]
    pub fn response(self) -> Option<ConversionResponse<'a>> {
        optional(self.0, "response")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConversionRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for ConversionRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConversionRequest(map_of(value))
    }
}

impl<'a> ConversionRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConversionRequest(map_of(value))
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn desired_api_version(self) -> &'a str {
        bare(self.0, "desiredAPIVersion")
    }
    #[inline]
    pub fn objects(self) -> ViewList<'a, &'a Value> {
        bare(self.0, "objects")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConversionResponse<'a>(pub &'a Map);

impl<'a> Item<'a> for ConversionResponse<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConversionResponse(map_of(value))
    }
}

impl<'a> ConversionResponse<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConversionResponse(map_of(value))
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn converted_objects(self) -> ViewList<'a, &'a Value> {
        bare(self.0, "convertedObjects")
    }
    #[inline]
    pub fn result(self) -> views::meta_v1::Status<'a> {
        bare(self.0, "result")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct JSONSchemaProps<'a>(pub &'a Map);

impl<'a> Item<'a> for JSONSchemaProps<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        JSONSchemaProps(map_of(value))
    }
}

impl<'a> JSONSchemaProps<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        JSONSchemaProps(map_of(value))
    }
    #[inline]
    pub fn id(self) -> &'a str {
        bare(self.0, "id")
    }
    #[inline]
    pub fn schema(self) -> &'a str {
        bare(self.0, "$schema")
    }
    #[inline]
    pub fn ref_(self) -> Option<&'a str> {
        optional(self.0, "$ref")
    }
    #[inline]
    pub fn description(self) -> &'a str {
        bare(self.0, "description")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn format(self) -> &'a str {
        bare(self.0, "format")
    }
    #[inline]
    pub fn title(self) -> &'a str {
        bare(self.0, "title")
    }
    #[inline]
    pub fn default(self) -> Option<&'a Value> {
        optional(self.0, "default")
    }
    #[inline]
    pub fn maximum(self) -> Option<f64> {
        optional(self.0, "maximum")
    }
    #[inline]
    pub fn exclusive_maximum(self) -> bool {
        bare(self.0, "exclusiveMaximum")
    }
    #[inline]
    pub fn minimum(self) -> Option<f64> {
        optional(self.0, "minimum")
    }
    #[inline]
    pub fn exclusive_minimum(self) -> bool {
        bare(self.0, "exclusiveMinimum")
    }
    #[inline]
    pub fn max_length(self) -> Option<i64> {
        optional(self.0, "maxLength")
    }
    #[inline]
    pub fn min_length(self) -> Option<i64> {
        optional(self.0, "minLength")
    }
    #[inline]
    pub fn pattern(self) -> &'a str {
        bare(self.0, "pattern")
    }
    #[inline]
    pub fn max_items(self) -> Option<i64> {
        optional(self.0, "maxItems")
    }
    #[inline]
    pub fn min_items(self) -> Option<i64> {
        optional(self.0, "minItems")
    }
    #[inline]
    pub fn unique_items(self) -> bool {
        bare(self.0, "uniqueItems")
    }
    #[inline]
    pub fn multiple_of(self) -> Option<f64> {
        optional(self.0, "multipleOf")
    }
    #[inline]
    pub fn enum_(self) -> ViewList<'a, &'a Value> {
        bare(self.0, "enum")
    }
    #[inline]
    pub fn max_properties(self) -> Option<i64> {
        optional(self.0, "maxProperties")
    }
    #[inline]
    pub fn min_properties(self) -> Option<i64> {
        optional(self.0, "minProperties")
    }
    #[inline]
    pub fn required(self) -> ViewList<'a, &'a str> {
        bare(self.0, "required")
    }
    #[inline]
    pub fn items(self) -> Option<&'a Value> {
        optional(self.0, "items")
    }
    #[inline]
    pub fn all_of(self) -> ViewList<'a, JSONSchemaProps<'a>> {
        bare(self.0, "allOf")
    }
    #[inline]
    pub fn one_of(self) -> ViewList<'a, JSONSchemaProps<'a>> {
        bare(self.0, "oneOf")
    }
    #[inline]
    pub fn any_of(self) -> ViewList<'a, JSONSchemaProps<'a>> {
        bare(self.0, "anyOf")
    }
    #[inline]
    pub fn not(self) -> Option<JSONSchemaProps<'a>> {
        optional(self.0, "not")
    }
    #[inline]
    pub fn properties(self) -> ViewMap<'a, JSONSchemaProps<'a>> {
        bare(self.0, "properties")
    }
    #[inline]
    pub fn additional_properties(self) -> Option<&'a Value> {
        optional(self.0, "additionalProperties")
    }
    #[inline]
    pub fn pattern_properties(self) -> ViewMap<'a, JSONSchemaProps<'a>> {
        bare(self.0, "patternProperties")
    }
    #[inline]
    pub fn dependencies(self) -> ViewMap<'a, &'a Value> {
        bare(self.0, "dependencies")
    }
    #[inline]
    pub fn additional_items(self) -> Option<&'a Value> {
        optional(self.0, "additionalItems")
    }
    #[inline]
    pub fn definitions(self) -> ViewMap<'a, JSONSchemaProps<'a>> {
        bare(self.0, "definitions")
    }
    #[inline]
    pub fn external_docs(self) -> Option<ExternalDocumentation<'a>> {
        optional(self.0, "externalDocs")
    }
    #[inline]
    pub fn example(self) -> Option<&'a Value> {
        optional(self.0, "example")
    }
    #[inline]
    pub fn nullable(self) -> bool {
        bare(self.0, "nullable")
    }
    #[inline]
    pub fn x_kubernetes_preserve_unknown_fields(self) -> Option<bool> {
        optional(self.0, "x-kubernetes-preserve-unknown-fields")
    }
    #[inline]
    pub fn x_kubernetes_embedded_resource(self) -> bool {
        bare(self.0, "x-kubernetes-embedded-resource")
    }
    #[inline]
    pub fn x_kubernetes_int_or_string(self) -> bool {
        bare(self.0, "x-kubernetes-int-or-string")
    }
    #[inline]
    pub fn x_kubernetes_list_map_keys(self) -> ViewList<'a, &'a str> {
        bare(self.0, "x-kubernetes-list-map-keys")
    }
    #[inline]
    pub fn x_kubernetes_list_type(self) -> Option<&'a str> {
        optional(self.0, "x-kubernetes-list-type")
    }
    #[inline]
    pub fn x_kubernetes_map_type(self) -> Option<&'a str> {
        optional(self.0, "x-kubernetes-map-type")
    }
    #[inline]
    pub fn x_kubernetes_validations(self) -> ViewList<'a, ValidationRule<'a>> {
        bare(self.0, "x-kubernetes-validations")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValidationRule<'a>(pub &'a Map);

impl<'a> Item<'a> for ValidationRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ValidationRule(map_of(value))
    }
}

impl<'a> ValidationRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ValidationRule(map_of(value))
    }
    #[inline]
    pub fn rule(self) -> &'a str {
        bare(self.0, "rule")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn message_expression(self) -> &'a str {
        bare(self.0, "messageExpression")
    }
    #[inline]
    pub fn reason(self) -> Option<&'a str> {
        optional(self.0, "reason")
    }
    #[inline]
    pub fn field_path(self) -> &'a str {
        bare(self.0, "fieldPath")
    }
    #[inline]
    pub fn optional_old_self(self) -> Option<bool> {
        optional(self.0, "optionalOldSelf")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ExternalDocumentation<'a>(pub &'a Map);

impl<'a> Item<'a> for ExternalDocumentation<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ExternalDocumentation(map_of(value))
    }
}

impl<'a> ExternalDocumentation<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ExternalDocumentation(map_of(value))
    }
    #[inline]
    pub fn description(self) -> &'a str {
        bare(self.0, "description")
    }
    #[inline]
    pub fn url(self) -> &'a str {
        bare(self.0, "url")
    }
}
