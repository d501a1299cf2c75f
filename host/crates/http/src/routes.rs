//! Every route, once. A route is registered together with its description, so that neither exists without the other.

use std::sync::Arc;

use axum::{Router, middleware};
use hallpass_broker::Broker;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::v1::{approvals, audit, connectors, entitlements, grants, groups, keys, principals, requests, targets};
use crate::{Settings, enrol, extract, guard, health, metrics, oauth, openapi};

/// The routes and their descriptions.
pub(crate) fn table() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(principals::list::list, principals::add::add))
        .routes(routes!(principals::me::me))
        .routes(routes!(principals::show::show))
        .routes(routes!(principals::enrolment::enrolment))
        .routes(routes!(principals::offboard::offboard))
        .routes(routes!(groups::list::list))
        .routes(routes!(groups::show::show, groups::set::set))
        .routes(routes!(targets::list::list, targets::add::add))
        .routes(routes!(targets::show::show, targets::update::update, targets::remove::remove))
        .routes(routes!(targets::check::check))
        .routes(routes!(targets::lift::lift))
        .routes(routes!(targets::accounts::accounts))
        .routes(routes!(targets::set_account::set_account))
        .routes(routes!(entitlements::list::list))
        .routes(routes!(requests::list::list, requests::submit::submit))
        .routes(routes!(requests::explain::explain))
        .routes(routes!(requests::show::show))
        .routes(routes!(requests::withdraw::withdraw))
        .routes(routes!(approvals::decide::decide))
        .routes(routes!(approvals::list::list))
        .routes(routes!(grants::list::list))
        .routes(routes!(grants::show::show))
        .routes(routes!(grants::revoke::revoke))
        .routes(routes!(grants::release::release))
        .routes(routes!(grants::credential::credential))
        .routes(routes!(grants::rotate::rotate))
        .routes(routes!(grants::pass::pass))
        .routes(routes!(connectors::list::list, connectors::load::load))
        .routes(routes!(connectors::show::show))
        .routes(routes!(connectors::accept::accept))
        .routes(routes!(connectors::trial::test))
        .routes(routes!(connectors::upgrade::upgrade))
        .routes(routes!(connectors::upgrade::rollback))
        .routes(routes!(connectors::repin::repin))
        .routes(routes!(connectors::unload::unload))
        .routes(routes!(connectors::unload::ban))
        .routes(routes!(audit::events::events))
        .routes(routes!(audit::checkpoint::checkpoint))
        .routes(routes!(audit::verify::verify))
        .routes(routes!(keys::show))
        .routes(routes!(oauth::token::token))
        .routes(routes!(enrol::enrol))
        .routes(routes!(openapi::show))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

/// The whole service.
pub(crate) fn router(broker: Arc<Broker>, settings: Settings) -> Router {
    let (routes, document) = table().split_for_parts();
    let app = App::new(broker, settings, openapi::json(&openapi::finish(document)));
    routes
        .method_not_allowed_fallback(guard::no_method)
        .fallback(guard::no_route)
        .layer(middleware::from_fn_with_state(app.clone(), extract::whole))
        .layer(middleware::from_fn_with_state(app.guard.clone(), guard::guard))
        .with_state(app)
}
