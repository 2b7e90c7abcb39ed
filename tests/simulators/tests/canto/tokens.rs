//! Tokens, and who a call is made by.

use crate::support::*;

#[tokio::test]
async fn tokens_are_camel_case_and_their_life_is_text() {
    let world = world().await;
    let reply: Value = world.token_reply(&[]).await.json().await.unwrap();
    assert_eq!(reply["expiresIn"], "2592000");
    assert_eq!(reply["tokenType"], "bearer");
    assert_eq!(reply["refreshToken"], Value::Null);
    let query = format!(
        "/oauth/api/oauth2/compatible/token?grant_type=client_credentials&app_id={DEFAULT_APP_ID}&app_secret={DEFAULT_APP_SECRET}"
    );
    let twin: Value = world
        .client
        .post(world.url(&query))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(twin["expires_in"], 2_592_000);
    let wrong = world.client.post(world.url("/oauth/api/oauth2/token"));
    let wrong = wrong.form(&[("grant_type", "client_credentials"), ("app_id", "x")]);
    let wrong = wrong.send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    assert_eq!(
        wrong.json::<Value>().await.unwrap()["error"],
        "invalid_client"
    );
}

#[tokio::test]
async fn no_token_is_404_and_a_bad_or_old_one_401() {
    let world = world().await;
    let id = world.hero();
    let url = world.url(&format!("/api/v1/{id}"));
    assert_eq!(world.client.get(&url).send().await.unwrap().status(), 404);
    let bad = world
        .client
        .get(&url)
        .bearer_auth("x")
        .send()
        .await
        .unwrap();
    assert_eq!(bad.status(), 401);
    assert_eq!(world.status_of(&format!("/api/v1/{id}")).await, 200);
    world.clock.advance(Duration::from_secs(2_592_000));
    assert_eq!(world.status_of(&format!("/api/v1/{id}")).await, 401);
}

#[tokio::test]
async fn revoked_credentials_give_no_token_until_restored() {
    let world = world().await;
    world.canto.frame().tokens().revoke_credentials(true);
    assert_eq!(world.token_reply(&[]).await.status(), 401);
    assert_eq!(world.status_of("/api/v1/user").await, 401);
    world.canto.frame().tokens().revoke_credentials(false);
    assert_eq!(world.token_reply(&[]).await.status(), 200);
    assert_eq!(
        world.get("/api/v1/user").await["userId"],
        "forebay-integration"
    );
}

#[tokio::test]
async fn a_token_may_act_as_a_user_and_a_consumer_may_not_write() {
    let mut world = world().await;
    world.canto.add_user("ann", "Ann Example");
    let id = world.hero();
    world.token = world
        .issue(&[("scope", "consumer"), ("user_id", "ann")])
        .await;
    assert_eq!(world.get("/api/v1/user").await["userName"], "Ann Example");
    assert_eq!(world.set(&id, "Author", "x").await.0, 403);
    let call = world
        .canto
        .frame()
        .recorder()
        .calls_of("edit")
        .pop()
        .unwrap();
    assert_eq!(call.actor.as_deref(), Some("ann"));
}
