use http::Method;
use serde_json::json;

use crate::support::{As, TASKS, World, read};

#[tokio::test]
async fn a_token_is_had_by_json_form_and_basic() {
    let world = World::start().await;
    let url = format!("{}/tenants/test-tenant/oauth2/token", world.sim.base_url());
    let (status, body) = world
        .token(
            &json!({"grant_type": "client_credentials", "client_id": "test-client",
                       "client_secret": "test-client-secret"}),
        )
        .await;
    assert_eq!(
        (status, &body["token_type"], &body["expires_in"]),
        (200, &json!("Bearer"), &json!(3600))
    );

    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "test-client"),
        ("client_secret", "test-client-secret"),
    ];
    assert_eq!(read(world.client.post(&url).form(&form)).await.0, 200);
    let basic = world
        .client
        .post(&url)
        .basic_auth("test-client", Some("test-client-secret"));
    assert_eq!(read(basic.form(&form[..1])).await.0, 200);
}

#[tokio::test]
async fn wrong_credentials_are_refused_in_oauth_words() {
    let world = World::start().await;
    let wrong = json!({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"});
    let (status, body) = world.token(&wrong).await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    let grant = json!({"grant_type": "guess", "client_id": "test-client", "client_secret": "test-client-secret"});
    let (status, body) = world.token(&grant).await;
    assert_eq!(
        (status, &body["error"]),
        (400, &json!("unsupported_grant_type"))
    );
    let url = format!("{}/tenants/other/oauth2/token", world.sim.base_url());
    assert_eq!(read(world.client.post(url).json(&grant)).await.0, 401);
}

#[tokio::test]
async fn a_bad_missing_or_expired_token_gets_the_gateways_body() {
    let mut world = World::start().await;
    let fault = json!({"fault": {"faultstring": "Invalid ApiKey",
                                 "detail": {"errorcode": "oauth.v2.InvalidApiKey"}}});
    assert_eq!(world.get(TASKS).await.0, 200);
    world.advance(3600);
    assert_eq!(world.get(TASKS).await, (401, fault.clone()));
    for caller in [As::Nobody, As::Bearer("made-up".to_owned())] {
        world.caller = caller;
        assert_eq!(world.get(TASKS).await, (401, fault.clone()));
    }
}

#[tokio::test]
async fn revoked_tokens_can_be_renewed_and_revoked_credentials_cannot() {
    let mut world = World::start().await;
    world.sim.frame().tokens().revoke_all();
    assert_eq!(world.get(TASKS).await.0, 401);
    world.caller = As::Bearer(world.service_token().await);
    assert_eq!(world.get(TASKS).await.0, 200);

    world.sim.frame().tokens().revoke_credentials(true);
    assert_eq!(world.get(TASKS).await.0, 401);
    let credentials = json!({"grant_type": "client_credentials", "client_id": "test-client",
                             "client_secret": "test-client-secret"});
    assert_eq!(world.token(&credentials).await.0, 401);
    world.sim.frame().tokens().revoke_credentials(false);
    assert_eq!(world.get(TASKS).await.0, 200);
}

#[tokio::test]
async fn a_disabled_user_gets_no_token_and_loses_the_one_he_has() {
    let mut world = World::start().await;
    world.become_person("ann@example.test").await;
    assert_eq!(world.get(TASKS).await.0, 200);
    world.sim.disable_user("ann@example.test");
    assert_eq!(read(world.request(Method::GET, TASKS)).await.0, 401);
    let (status, body) = world
        .token(
            &json!({"grant_type": "password", "client_id": "test-client",
                       "client_secret": "test-client-secret", "username": "ann@example.test",
                       "password": "test-password"}),
        )
        .await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
}
