//! What goes wrong while the shows go on: refused calls, lost answers, webhooks that come twice, in
//! another order or not at all, and a host that dies.

use forebay_simulators::common::{CourierSwitches, Fault, Frame, Rule};

use super::chance::Chance;
use crate::{MINUTE, World};

/// Faults that vendors have in a step: fewer than this.
const FAULTS: u64 = 4;
/// In so many of a thousand steps webhooks begin to be unreliable; in the next they recover.
const UNRELIABLE: u64 = 300;
/// Steps from one death of the host to the next; half of the times in the middle of an effect.
const DEATHS: u32 = 16;
/// Calls that pass before a fault hits, at most: so it meets any operation.
const SKIP: u64 = 60;
/// Effects that pass before the host dies, at most.
const EFFECTS: u64 = 12;

/// How often what went wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Calls refused, cut off or left without an answer.
    pub faults: u64,
    /// Times when webhooks were doubled, turned around or lost.
    pub unreliable: u64,
    /// Deaths of the host.
    pub deaths: u64,
}

impl Weather {
    /// What goes wrong in this step; steps are counted from 0.
    ///
    /// # Errors
    /// If the host cannot be started again.
    pub(super) async fn strike(
        &mut self,
        world: &mut World,
        step: u32,
        chance: &mut Chance,
    ) -> anyhow::Result<()> {
        for frame in world.frames() {
            frame.courier().set(CourierSwitches::default());
        }
        for _ in 0..chance.below(FAULTS) {
            self.faults += 1;
            refuse(vendor(world, chance), chance);
        }
        if step % DEATHS == DEATHS - 1 {
            self.deaths += 1;
            // A host has another address here each time it starts, and tells it to iconik once; until
            // it is told, buttons that are pressed and collections that are filled reach nobody. So
            // nothing may be on its way to a host that dies, and iconik must hear of the next one.
            world.iconik.frame().faults().clear();
            world.deliveries().await;
            let pass = chance.below(EFFECTS);
            if chance.permille(500) {
                world.crash_at_effect(pass).await?;
                world.clock.advance(MINUTE);
                world.boot().await?;
            } else {
                world.restart().await?;
            }
        }
        if chance.permille(UNRELIABLE) {
            self.unreliable += 1;
            let frame = vendor(world, chance);
            let switches = switches(chance, frame.name() == "canto");
            frame.courier().set(switches);
        }
        Ok(())
    }

    /// Everything works again.
    pub(super) fn clear(world: &World) {
        for frame in world.frames() {
            frame.faults().clear();
            frame.courier().set(CourierSwitches::default());
        }
    }
}

fn vendor<'a>(world: &'a World, chance: &mut Chance) -> &'a Frame {
    let frames = world.frames();
    let at = chance.below(frames.len() as u64);
    usize::try_from(at).map_or(frames[0], |at| frames[at])
}

fn refuse(frame: &Frame, chance: &mut Chance) {
    let fault = match chance.below(5) {
        0 => Fault::status(503),
        1 => Fault::status(500),
        2 => Fault::too_many(30),
        3 => Fault::ConnectionLost,
        _ => Fault::CommitThenTimeout,
    };
    let skip = u32::try_from(chance.below(SKIP)).unwrap_or_default();
    frame.faults().add(Rule::once("*", fault).after(skip));
}

/// Webhooks of Canto may be lost: polls find all they tell of. Of a button that was pressed in iconik,
/// and of an old asset that was put into a collection, nothing but the webhook tells.
fn switches(chance: &mut Chance, may_be_lost: bool) -> CourierSwitches {
    let mut switches = CourierSwitches::default();
    match chance.below(3) {
        0 => switches.reverse = 4,
        1 if may_be_lost => switches.dead = true,
        _ => switches.copies = 3,
    }
    switches
}
