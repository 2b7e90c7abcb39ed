use http::Method;
use serde_json::json;

use crate::support::{World, object, stages};

async fn text(world: &World, path: &str) -> (u16, String) {
    let response = world.request(Method::GET, path).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_person_finds_claims_and_decides_a_task() {
    let world = World::start().await;
    let links = r#"[{"label":"Open in Canto","url":"https://dam.example.test/a"},{"label":"bad","url":"javascript:alert(1)"}]"#;
    let variables = object(
        json!({"stages": stages(&["legal"]).to_string(), "title": "<hero>.jpg", "links": links}),
    );
    let id = world
        .sim
        .start_process("assetApproval", "k", &variables)
        .unwrap();
    let task = world.open(&id)[0].clone();

    let (_, inbox) = text(&world, "/?user=cara@example.test").await;
    assert!(inbox.contains(&format!("/inbox/tasks/{task}")));
    assert!(inbox.contains("&lt;hero&gt;.jpg"), "titles are escaped");
    let (_, other) = text(&world, "/?user=eva@example.test").await;
    assert!(!other.contains(&task));

    let (_, page) = text(
        &world,
        &format!("/inbox/tasks/{task}?user=cara@example.test"),
    )
    .await;
    assert!(page.contains("https://dam.example.test/a") && !page.contains("href=\"javascript"));

    let claim = world.request(Method::POST, &format!("/inbox/tasks/{task}/claim"));
    let claim = claim
        .form(&[("user", "cara@example.test")])
        .send()
        .await
        .unwrap();
    assert_eq!(claim.status().as_u16(), 200, "followed to the task");
    assert_eq!(
        world.sim.tasks(&id)[0].assignee.as_deref(),
        Some("cara@example.test")
    );

    let decision = [
        ("user", "cara@example.test"),
        ("outcome", "rejected"),
        ("comment", "no licence"),
        ("reasonCode", "RIGHTS"),
        ("conditions", ""),
    ];
    let path = format!("/inbox/tasks/{task}/decide");
    let done = world
        .request(Method::POST, &path)
        .form(&decision)
        .send()
        .await
        .unwrap();
    assert_eq!(done.status().as_u16(), 200);
    let process = world.sim.processes("k").remove(0);
    assert_eq!(process.text("reasonCode"), Some("RIGHTS"));
    let twice = world
        .request(Method::POST, &path)
        .form(&decision)
        .send()
        .await
        .unwrap();
    assert_eq!(twice.status().as_u16(), 409);

    let (_, shown) = text(&world, &format!("/inbox/processes/{id}")).await;
    assert!(shown.contains("no licence") && shown.contains("rejected"));
}

#[tokio::test]
async fn a_question_of_a_desk_shows_its_text_outcomes_and_form() {
    let world = World::start().await;
    let questions = json!([{
        "id": "decide:1", "name": "decide", "group": "legal-dach", "title": "Rights end <soon>",
        "text": "hero.jpg\nends on 2026-12-31", "outcomes": ["renew", "stay-down"],
        "form": [
            {"name": "newDate", "label": "New end date", "required": true},
            {"name": "comment", "label": "Why", "required": false},
        ],
    }]);
    let variables = object(json!({"questions": questions.to_string(), "title": "hero.jpg"}));
    let id = world
        .sim
        .start_process("rightsReview", "k", &variables)
        .unwrap();
    let task = world.open(&id)[0].clone();
    let path = format!("/inbox/tasks/{task}");
    let (_, page) = text(&world, &format!("{path}?user=cara@example.test")).await;
    for part in [
        "Rights end &lt;soon&gt;",
        "<p>ends on 2026-12-31</p>",
        "<option value=\"stay-down\">stay down</option>",
        "New end date (needed)",
        "<input name=\"newDate\" required>",
        "Why",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("reasonCode"), "that is asked in reviews");
    let answer = [
        ("user", "cara@example.test"),
        ("outcome", "renew"),
        ("newDate", "2027-12-31"),
        ("comment", ""),
    ];
    let decide = world.request(Method::POST, &format!("{path}/decide"));
    let done = decide.form(&answer).send().await.unwrap();
    assert_eq!(done.status().as_u16(), 200);
    let done = world.sim.tasks(&id).remove(0);
    let given = |name: &str| {
        let local = done.locals.iter().find(|local| local.name == name);
        local.map(|local| local.value.clone())
    };
    assert_eq!(given("outcome"), Some("renew".into()));
    assert_eq!(given("newDate"), Some("2027-12-31".into()));
    assert_eq!(given("comment"), None, "what was left empty is not given");
}

#[tokio::test]
async fn an_administrator_sees_and_ends_processes() {
    let world = World::start().await;
    let id = world.review("k", stages(&["legal"])).await;
    let (_, list) = text(&world, "/inbox/processes").await;
    assert!(list.contains(&id) && list.contains("active"));
    let end = world.request(Method::POST, &format!("/inbox/processes/{id}/terminate"));
    assert!(
        end.form(&[("reason", "test over")])
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let (_, page) = text(&world, &format!("/inbox/processes/{id}")).await;
    assert!(page.contains("terminated") && page.contains("test over"));
    assert_eq!(text(&world, "/inbox/processes/none").await.0, 404);
    assert_eq!(text(&world, "/inbox/tasks/none").await.0, 404);
}
