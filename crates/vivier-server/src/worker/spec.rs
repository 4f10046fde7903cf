//! What a runtime is told to run, made from what is wanted.

use std::collections::BTreeMap;

use serde_json::Value;
use vivier_core::agent::Tuning;
use vivier_core::channel::ChannelSettings;
use vivier_core::config::{ConfigIssue, Document, Surroundings, render};
use vivier_core::name::Slug;
use vivier_core::plan::PlanName;
use vivier_core::provider::ProviderSettings;
use vivier_core::runtime::{SecretsDocument, Subnet, WorkloadSpec};
use vivier_core::secret::Secret;

use crate::config::Config;
use crate::store::reconcile::Work;
use crate::store::secrets::{SecretSet, is_delivered};

/// The configuration that OpenClaw is given. Before a subnet is allocated, one of the pool stands in.
pub fn effective(
    settings: &Config,
    slug: &Slug,
    plan: PlanName,
    subnet: Option<Subnet>,
    document: &Document,
    provider: Option<&ProviderSettings>,
    channels: &[ChannelSettings],
) -> Value {
    let subnet = subnet.or_else(|| settings.subnet_pool.get(0)).expect("a pool holds at least one subnet");
    let (origin, tuning) = (settings.agent_origin(slug), Tuning::of(settings.plans.get(plan).limits.memory_bytes));
    render(document, &Surroundings { origin: &origin, subnet, tuning: &tuning, provider, channels })
}

/// The specification of `work`, without the text of its secrets: enough to compare with what was seen.
/// `None` while no subnet is allocated.
///
/// # Errors
/// When the stored document is not acceptable any more: the rules have changed since it was written.
pub fn outline(settings: &Config, work: &Work) -> Result<Option<WorkloadSpec>, Vec<ConfigIssue>> {
    let Some(subnet) = work.seen.subnet_index.and_then(|index| settings.subnet_pool.get(index)) else { return Ok(None) };
    let document = Document::parse(&work.text)?;
    let config = effective(settings, &work.slug, work.plan, Some(subnet), &document, work.provider.as_ref(), &work.channels);
    let limits = settings.plans.get(work.plan).limits;
    let tuning = Tuning::of(limits.memory_bytes);
    Ok(Some(WorkloadSpec {
        deployment: work.id,
        account: work.account,
        generation: work.wanted.generation,
        image: work.image.clone(),
        limits,
        subnet,
        node_flags: tuning.node_flags,
        env: tuning.env,
        config,
        secrets: SecretsDocument { version: delivered_version(&work.secret_set), versions: delivered(&work.secret_set), values: BTreeMap::new() },
    }))
}

/// The same specification, with the secrets that the container is given.
pub fn with_secrets(mut spec: WorkloadSpec, secrets: BTreeMap<String, Secret>) -> WorkloadSpec {
    spec.secrets.values = secrets.into_iter().filter(|(name, _)| is_delivered(name)).collect();
    spec
}

/// The version of what is delivered: a new provider key changes nothing in the container.
fn delivered_version(set: &SecretSet) -> u64 {
    set.iter().filter(|(name, _)| is_delivered(name)).map(|(_, held)| held.version).max().unwrap_or(0)
}

/// Which version of each secret is delivered.
fn delivered(set: &SecretSet) -> BTreeMap<String, u64> {
    set.iter().filter(|(name, held)| is_delivered(name) && !held.deleted).map(|(name, held)| (name.clone(), held.version)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::secrets::Held;

    #[test]
    fn the_providers_key_stays_out_of_the_container() {
        let set: SecretSet = [("provider.apiKey", 9), ("model.key", 1), ("channels.telegram.botToken", 4)]
            .map(|(name, version)| (name.to_owned(), Held { version, deleted: false }))
            .into();
        assert_eq!(delivered_version(&set), 4);
        assert!(!is_delivered("provider.apiKey"));
    }
}
