//! The course of a group: one task for the assets of a collection whose fields are missing. The list
//! shrinks as people fill them in the DAM; what they enter in the task is written asset by asset.

use forebay_sdk::blocks::{CONTINUE, ITEMS_PER_ACTIVATION, present};
use forebay_sdk::handler::EffectMode;
use forebay_sdk::{Delivery, Step};

use super::{Done, Next};
use crate::WORKFLOW;
use crate::state::Group;
use crate::steps::{Request, Steps, list};

/// The first asset of a group.
pub(super) fn begin(steps: &Steps<'_>, collection: String, asset: &str) -> Next<Group> {
    let mut group = Group::of(collection);
    if !asset.is_empty() {
        look_at(steps, &mut group, asset)?;
    }
    go_on(steps, group)
}

/// One delivery to a group.
pub(super) fn run(steps: &Steps<'_>, mut group: Group, delivery: &Delivery) -> Next<Group> {
    match delivery {
        Delivery::Request(_) => {
            let request = delivery.request::<Request>()?;
            look_at(steps, &mut group, &request.asset)?;
        }
        Delivery::Timer(fired) if fired.name == CONTINUE => write_some(steps, &mut group)?,
        Delivery::Timer(fired) => {
            let desk = &mut group.desk;
            if let Some(reason) = desk.time_is_up(steps.cx, &steps.rules(), &fired.name)? {
                return Ok(Step::park(group, reason));
            }
        }
        Delivery::Event(incoming) if incoming.role == WORKFLOW => {
            let answers = match steps.answers(&mut group.desk)? {
                Ok(answers) => answers,
                Err(reason) => return Ok(Step::park(group, reason)),
            };
            steps.put_words_on_record(&answers, &group.desk);
            for answer in answers {
                match steps.planned(&group, &answer) {
                    Ok(writes) => group.plan(writes),
                    Err(why) => steps.refuse(&mut group, &answer, &why),
                }
            }
        }
        Delivery::Event(incoming) => look_at(steps, &mut group, &incoming.event.entity.id)?,
        // A process that was left is followed by another one below.
        Delivery::Signal(_) => {}
    }
    go_on(steps, group)
}

/// Check an asset; it belongs to the group while its fields are missing and it is filed there.
fn look_at(steps: &Steps<'_>, group: &mut Group, id: &str) -> Done {
    let Some(asset) = present(steps.cx, id)? else {
        group.members.remove(id);
        return Ok(());
    };
    let fields = steps.check(&asset).fields;
    steps.mark_member(group, &asset, &fields)?;
    let moved = !group.holds(&asset);
    if !fields.is_empty() && !moved {
        let member = steps.member(&asset, &fields);
        group.members.insert(id.to_owned(), member);
        return Ok(());
    }
    let was_member = group.members.remove(id).is_some();
    if !fields.is_empty() {
        steps.hand_on(&asset)?;
    } else if was_member {
        steps.lift_block(&asset)?;
    }
    Ok(())
}

/// Write a few values: each asset once.
fn write_some(steps: &Steps<'_>, group: &mut Group) -> Done {
    for item in group.writes.next(ITEMS_PER_ACTIVATION) {
        if let Some(asset) = steps.write_value(group, &item)? {
            look_at(steps, group, &asset)?;
        }
    }
    group.writes.tell_progress(steps.cx);
    Ok(())
}

/// Once all values are written people see what is left, and are asked for it.
fn go_on(steps: &Steps<'_>, mut group: Group) -> Next<Group> {
    if !group.writes.is_finished() {
        return steps.wait_for_group(group);
    }
    if group.members.is_empty() {
        group.desk.close(steps.cx, "completed")?;
        return Ok(Step::complete(
            group,
            "completed",
            "all fields are filled in",
        ));
    }
    let list = list(&group);
    let is_new = !group.desk.is_open();
    if group.desk.asked.is_empty() {
        steps.ask_group(&mut group, &list)?;
        if steps.cx.mode() == EffectMode::Observe {
            let summary = format!("{} assets would have been listed", group.members.len());
            return Ok(Step::complete(group, "observed", summary));
        }
    }
    steps.show_list(&mut group, list, is_new)?;
    steps.wait_for_group(group)
}
