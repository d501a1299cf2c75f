//! Facts as Cedar entities: only those that one question needs.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};

use hallpass_domain::name::Name;
use hallpass_domain::parameter::Parameters;

use crate::facts::{AccessFacts, AskedFacts, GrantFacts, PrincipalFacts, RequestFacts, ResourceFacts, TargetFacts, UserFacts};
use crate::names::{Names, uid};

type Attributes<const N: usize> = [(&'static str, RestrictedExpression); N];

/// Collects the entities of one question. The first to describe an entity wins: describe the principal first.
pub(crate) struct Scene<'n> {
    names: &'n Names,
    entities: HashMap<EntityUid, Entity>,
    fault: Option<String>,
}

impl<'n> Scene<'n> {
    pub(crate) fn new(names: &'n Names) -> Self {
        Self { names, entities: HashMap::new(), fault: None }
    }

    /// All that was described.
    pub(crate) fn entities(self) -> Result<Entities, String> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Entities::from_entities(self.entities.into_values(), None).map_err(|e| e.to_string()),
        }
    }

    fn add<const N: usize>(&mut self, uid: EntityUid, attributes: Attributes<N>, parents: HashSet<EntityUid>) -> EntityUid {
        if !self.entities.contains_key(&uid) {
            let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            match Entity::new(uid.clone(), attributes, parents) {
                Ok(entity) => drop(self.entities.insert(uid.clone(), entity)),
                Err(e) => self.fault = Some(e.to_string()),
            }
        }
        uid
    }

    fn user(&mut self, user: &UserFacts) -> EntityUid {
        let parents = user.groups.iter().map(|g| uid(&self.names.group, g.as_str())).collect();
        self.add(uid(&self.names.user, user.id.as_str()), [("name", text(user.name.as_str())), ("active", truth(user.active))], parents)
    }

    /// A principal, and its owner.
    pub(crate) fn principal(&mut self, principal: &PrincipalFacts) -> EntityUid {
        let (kind, owned) = match principal {
            PrincipalFacts::User(user) => return self.user(user),
            PrincipalFacts::Agent(owned) => (&self.names.agent, owned),
            PrincipalFacts::Workload(owned) => (&self.names.workload, owned),
        };
        let owner = self.user(&owned.owner);
        let attributes = [("name", text(owned.name.as_str())), ("active", truth(owned.active)), ("owner", entity(owner))];
        self.add(uid(kind, owned.id.as_str()), attributes, HashSet::new())
    }

    fn target(&mut self, target: &TargetFacts) -> EntityUid {
        let attributes = [("environment", text(target.environment.as_str())), ("connector", text(&target.connector))];
        self.add(uid(&self.names.target, target.name.as_str()), attributes, HashSet::new())
    }

    /// An access, its target and its resource with all that this lies in.
    pub(crate) fn access(&mut self, access: &AccessFacts) -> EntityUid {
        let target = self.target(&access.target);
        let mut inside = target.clone();
        for thing in access.resource.ancestors().chain([access.resource.clone()]) {
            let id = uid(&self.names.resource, &format!("{}/{thing}", access.target.name));
            inside = self.add(id, [], HashSet::from([inside]));
        }
        let resource = access.resource.to_string();
        let id = uid(&self.names.access, &format!("{}/{resource}#{}", access.target.name, access.entitlement));
        let attributes = [
            ("target", entity(target)),
            ("environment", text(access.target.environment.as_str())),
            ("connector", text(&access.target.connector)),
            ("entitlement", text(&access.entitlement)),
            ("resource", text(&resource)),
            ("kind", text(&access.resource.kind())),
            ("mode", text(access.mode.as_str())),
        ];
        self.add(id, attributes, HashSet::from([inside]))
    }

    /// What an access is asked for with, for the context.
    pub(crate) fn parameters(&mut self, parameters: &Parameters) -> RestrictedExpression {
        let id = self.names.parameters.clone();
        let tags = parameters.iter().map(|(name, value)| (name.clone(), text(value)));
        match Entity::new_with_tags(id.clone(), [], [], tags) {
            Ok(entity) => drop(self.entities.insert(id.clone(), entity)),
            Err(e) => self.fault = Some(e.to_string()),
        }
        entity(id)
    }

    /// A request; `stage` are the groups that are asked for a verdict now.
    pub(crate) fn request(&mut self, request: &RequestFacts, stage: Option<&[Name]>) -> EntityUid {
        let parties: Vec<&PrincipalFacts> = std::iter::once(&request.requester).chain(&request.beneficiary).collect();
        let parents: HashSet<EntityUid> = parties.iter().map(|p| self.principal(p)).collect();
        let user = |facts: &UserFacts| entity(uid(&self.names.user, facts.id.as_str()));
        let owners = set(parties.iter().filter_map(|p| p.owner()).map(user).collect());
        let humans = set(parties.iter().map(|p| user(p.human())).collect());
        let groups = |names: &[Name]| set(names.iter().map(|g| entity(uid(&self.names.group, g.as_str()))).collect());
        let approvers = groups(&request.approvers);
        let stage = stage.map(groups);
        let (kind, name, what) = match &request.what {
            AskedFacts::Access(access) => (&self.names.request, "access", self.access(access)),
            AskedFacts::Connector(connector) => (&self.names.upgrade_request, "connector", uid(&self.names.connector, &connector.name)),
        };
        let (id, what) = (uid(kind, request.id.as_str()), entity(what));
        match stage {
            None => self.add(id, [(name, what), ("owners", owners), ("humans", humans), ("approvers", approvers)], parents),
            Some(stage) => {
                let attributes = [(name, what), ("owners", owners), ("humans", humans), ("approvers", approvers), ("stage", stage)];
                self.add(id, attributes, parents)
            }
        }
    }

    fn grant(&mut self, grant: &GrantFacts) -> EntityUid {
        let holder = self.principal(&grant.holder);
        let owners = grant.holder.owner().map(|o| entity(uid(&self.names.user, o.id.as_str())));
        let attributes = [("access", entity(self.access(&grant.access))), ("owners", set(owners.into_iter().collect()))];
        self.add(uid(&self.names.grant, grant.id.as_str()), attributes, HashSet::from([holder]))
    }

    /// What a verb is about.
    pub(crate) fn resource(&mut self, resource: ResourceFacts<'_>) -> EntityUid {
        match resource {
            ResourceFacts::Installation => self.names.installation.clone(),
            ResourceFacts::Principal(principal) => self.principal(principal),
            ResourceFacts::Group(name) => uid(&self.names.group, name.as_str()),
            ResourceFacts::Target(target) => self.target(target),
            ResourceFacts::Connector(connector) => uid(&self.names.connector, &connector.name),
            ResourceFacts::Request(request) => self.request(request, None),
            ResourceFacts::Grant(grant) => self.grant(grant),
        }
    }
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn truth(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

fn entity(value: EntityUid) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(value)
}

fn set(values: Vec<RestrictedExpression>) -> RestrictedExpression {
    RestrictedExpression::new_set(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::ConnectorFacts;
    use crate::fixture::*;
    use crate::names::parse_schema;

    #[test]
    fn every_fact_becomes_entities_that_the_schema_knows() {
        let schema = parse_schema().unwrap();
        let names = Names::parse().unwrap();
        let bot = agent("bot", human("olga", &["dba"]));
        let ci = workload("ci", human("olga", &["dba"]));
        let mut asked = request(bot.clone(), schema_read("shop-prod"), &["dba"]);
        asked.beneficiary = Some(ci.clone());
        let upgrade =
            crate::facts::RequestFacts { what: AskedFacts::Connector(ConnectorFacts { name: "postgres".to_owned() }), ..asked.clone() };
        let (held, group, connector) = (grant(ci.clone()), name("dba"), ConnectorFacts { name: "postgres".to_owned() });
        let resources = [
            ResourceFacts::Installation,
            ResourceFacts::Principal(&bot),
            ResourceFacts::Principal(&ci),
            ResourceFacts::Group(&group),
            ResourceFacts::Target(&held.access.target),
            ResourceFacts::Connector(&connector),
            ResourceFacts::Request(&asked),
            ResourceFacts::Request(&upgrade),
            ResourceFacts::Grant(&held),
        ];
        let conforms = |scene: Scene<'_>| Entities::from_entities(scene.entities.into_values(), Some(&schema)).unwrap();
        for resource in resources {
            let mut scene = Scene::new(&names);
            scene.principal(&bot);
            scene.resource(resource);
            conforms(scene);
        }
        let mut scene = Scene::new(&names);
        scene.request(&asked, Some(&[group]));
        scene.parameters(&[("level".to_owned(), "read".to_owned())].into());
        conforms(scene);
    }

    #[test]
    fn names_with_quotes_and_line_breaks_stay_names() {
        let names = Names::parse().unwrap();
        let mut scene = Scene::new(&names);
        let mut odd = schema_read("shop-prod");
        odd.entitlement = "a\" || true || \"\n".to_owned();
        let id = scene.access(&odd);
        let entities = scene.entities().unwrap();
        let value = entities.get(&id).unwrap().attr("entitlement").unwrap().unwrap();
        assert_eq!(value, cedar_policy::EvalResult::String(odd.entitlement));
    }
}
