//! The generation of a daemon set's template, which upstream keeps and shows in an annotation.

use apimachinery::Object;

const ANNOTATION: &str = "deprecated.daemonset.template.generation";

/// Counts changes of the template: a new set begins at what its author says or at 1, and later nobody else sets it
/// (pkg/registry/apps/daemonset/strategy.go, pkg/apis/apps/v1/conversion.go).
pub(crate) fn count_template(set: &mut Object, old: Option<&Object>) {
    let number = |set: &Object| set.annotation(ANNOTATION).and_then(|text| text.parse::<i64>().ok());
    let generation = match old {
        None => number(set).filter(|generation| *generation >= 1).unwrap_or(1),
        Some(old) => {
            let changed = old.at(&["spec", "template"]) != set.at(&["spec", "template"]);
            number(old).unwrap_or_default() + i64::from(changed)
        }
    };
    set.metadata_mut().map_at("annotations").insert(ANNOTATION, generation.to_string());
}

#[cfg(test)]
mod tests {
    use apimachinery::value;

    use super::*;

    #[test]
    fn a_changed_template_counts() {
        let shown = |set: &Object| set.annotation(ANNOTATION).unwrap_or_default().to_owned();
        let mut new = Object(value!({"metadata": {"name": "a"}, "spec": {"template": {"metadata": {}}}}));
        count_template(&mut new, None);
        assert_eq!(shown(&new), "1");
        // Who puts it back without the annotation does not take it away.
        let mut same = Object(value!({"metadata": {"name": "a"}, "spec": {"template": {"metadata": {}}}}));
        count_template(&mut same, Some(&new));
        assert_eq!(shown(&same), "1");
        let mut changed =
            Object(value!({"metadata": {"name": "a"}, "spec": {"template": {"metadata": {"labels": {}}}}}));
        count_template(&mut changed, Some(&new));
        assert_eq!(shown(&changed), "2");
    }
}
