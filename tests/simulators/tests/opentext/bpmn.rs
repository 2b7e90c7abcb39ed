//! The BPMN models in `examples/opentext` and the simulator go by the same names.

use crate::support::{World, embedded};

const MODELS: &[(&str, &str, &str)] = &[
    (
        "asset-approval.bpmn20.xml",
        "assetApproval",
        "assetApprovalRequested",
    ),
    (
        "asset-approval-batch.bpmn20.xml",
        "assetApprovalBatch",
        "assetApprovalBatchRequested",
    ),
    (
        "forebay-notice.bpmn20.xml",
        "forebayNotice",
        "forebayNoticeRequested",
    ),
    (
        "asset-rework.bpmn20.xml",
        "assetRework",
        "assetReworkRequested",
    ),
    (
        "localization.bpmn20.xml",
        "localization",
        "localizationRequested",
    ),
    (
        "rights-review.bpmn20.xml",
        "rightsReview",
        "rightsReviewRequested",
    ),
    (
        "asset-exception.bpmn20.xml",
        "assetException",
        "assetExceptionRequested",
    ),
    (
        "lifecycle-review.bpmn20.xml",
        "lifecycleReview",
        "lifecycleReviewRequested",
    ),
    (
        "share-review.bpmn20.xml",
        "shareReview",
        "shareReviewRequested",
    ),
    (
        "production-review.bpmn20.xml",
        "productionReview",
        "productionReviewRequested",
    ),
    ("media-case.bpmn20.xml", "mediaCase", "mediaCaseRequested"),
];

#[tokio::test]
async fn keys_messages_tasks_and_outcomes_are_the_same() {
    let world = World::start().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/opentext");
    for (file, key, message) in MODELS {
        let xml = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        assert!(xml.contains(&format!("<process id=\"{key}\"")), "{file}");
        assert!(xml.contains(&format!("name=\"{message}\"")), "{file}");
        let path = "/workflow/v1/runtime/models";
        let (_, found) = world.query(path, &[("key", key)]).await;
        let id = embedded(&found, "models")[0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let (_, model) = world.get(&format!("{path}/{id}")).await;
        let shapes = model["modelContent"]["childShapes"].as_array().unwrap();
        let task = shapes
            .iter()
            .find(|shape| shape["stencil"]["id"] == "UserTask")
            .unwrap();
        let task = task["resourceId"].as_str().unwrap();
        assert!(
            xml.contains(&format!("<userTask id=\"{task}\"")),
            "{file}: {task}"
        );
    }
    let approval = std::fs::read_to_string(format!("{folder}/{}", MODELS[0].0)).unwrap();
    for word in [
        "assetChanged",
        "'approved'",
        "'approved-with-conditions'",
        "outcomeStage",
    ] {
        assert!(approval.contains(word), "{word}");
    }
}
