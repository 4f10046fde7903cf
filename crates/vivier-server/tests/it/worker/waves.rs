//! Waves: one release for the followers of a channel, a few at a time. A bad one harms the first of them at most, and that one comes back.

use std::collections::BTreeSet;
use std::sync::Arc;

use vivier_core::digest::Digest;
use vivier_core::id::{DeploymentId, ReleaseId, WaveId};
use vivier_core::lifecycle::{Ask, State};
use vivier_core::runtime::fake::Behaviour;
use vivier_core::waves::{MemberState, ReleaseChannel, Size, WaveAsk, WavePlan, WaveState};
use vivier_core::wire::agents::RollbackData;
use vivier_server::Config;
use vivier_server::store::revisions::Change;
use vivier_server::store::waves::{Wave, WaveMember};
use vivier_server::store::{Actor, StoreError};

use crate::support::store::{TestStore, image};
use crate::support::{World, eventually};

const OLD: &str = "2026.9.6";
const NEW: &str = "2026.9.7";
const LETTERS: &str = "the owner's letters";

fn digest(version: &str) -> Digest {
    image(version, 1).image
}

fn operator() -> Actor {
    Actor::named("operator ada@example.com")
}

fn plan(stages: &[Size]) -> WavePlan {
    WavePlan { stages: stages.to_vec(), soak_seconds: 0, ..WavePlan::default() }
}

fn usual() -> WavePlan {
    plan(&[Size::Count(1), Size::Percent(5), Size::Percent(25), Size::ALL])
}

/// A world whose host holds two releases, and `count` agents of the older one that follow stable and have written their data.
async fn fleet(test: TestStore, settings: Config, count: usize) -> (World, Vec<DeploymentId>) {
    let mut world = World::with_images(test, settings, vec![image(OLD, 2), image(NEW, 1)]).await;
    world.start();
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(world.create(&format!("Agent {number}")).await);
    }
    for id in &ids {
        trusted(&world, *id).await;
        world.fake.write_data(*id, LETTERS);
    }
    // The youngest are taken first.
    ids.reverse();
    (world, ids)
}

/// Waits until what is wanted of it runs and is trusted.
async fn trusted(world: &World, id: DeploymentId) {
    eventually(&format!("{id} is trusted"), || async {
        let seen = world.get(id).await;
        (seen.state == State::Running && seen.last_known_good_revision == Some(seen.revision)).then_some(())
    })
    .await;
}

async fn release(world: &World, version: &str) -> ReleaseId {
    let all = world.store().releases().await.expect("releases");
    all.into_iter().find(|release| release.openclaw_version == version).expect("it is there").id
}

async fn promote(world: &World, version: &str, plan: &WavePlan) -> WaveId {
    let release = release(world, version).await;
    let wave = world.store().promote(&operator(), release, ReleaseChannel::Stable, plan).await.expect("granted");
    wave.expect("there is somebody to move")
}

async fn until(world: &World, id: WaveId, state: WaveState) -> Wave {
    let what = format!("{id} is {state}");
    let reached = eventually(&what, || async {
        let wave = world.store().wave(id).await.expect("it is there");
        (wave.state == state).then_some(wave)
    });
    match tokio::time::timeout(std::time::Duration::from_secs(28), reached).await {
        Ok(wave) => wave,
        Err(_) => panic!("{id} is not {state}: {:#?} {:#?}", world.store().wave(id).await, world.store().wave_members(id).await),
    }
}

async fn members(world: &World, id: WaveId) -> Vec<WaveMember> {
    world.store().wave_members(id).await.expect("members")
}

async fn ask(world: &World, id: WaveId, what: WaveAsk, data: Option<RollbackData>) {
    world.store().ask_wave(&operator(), id, what, data).await.expect("granted");
}

async fn states(world: &World, id: WaveId) -> Vec<MemberState> {
    members(world, id).await.into_iter().map(|member| member.state).collect()
}

fn count(states: &[MemberState], state: MemberState) -> usize {
    states.iter().filter(|one| **one == state).count()
}

/// Those that something was done to on the host since `before` effects.
fn touched(world: &World, before: usize) -> BTreeSet<String> {
    world.fake.effects()[before..].iter().filter_map(|effect| effect.split_once(' ').map(|(id, _)| id.to_owned())).collect()
}

async fn assert_on(world: &World, id: DeploymentId, version: &str, data: &str) {
    let seen = world.get(id).await;
    assert_eq!((seen.state, &seen.image, seen.openclaw_version.as_str()), (State::Running, &digest(version), version), "{id}");
    assert_eq!(world.fake.data(id), data, "{id}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_release_reaches_all_fifty_in_order_and_the_channel_has_it() {
    let (world, ids) = fleet(TestStore::sqlite().await, Config::default(), 50).await;
    let id = promote(&world, NEW, &usual()).await;
    let wave = until(&world, id, WaveState::Finished).await;
    let all = members(&world, id).await;
    assert!(all.iter().all(|member| member.state == MemberState::Good), "{all:#?}");
    assert_eq!(all.iter().map(|member| member.deployment).collect::<Vec<_>>(), ids);
    for stage in 1..4 {
        let ended = |stage| all.iter().filter(move |member| member.stage == Some(stage)).filter_map(|member| member.decided_at).max().expect("some");
        let began = |stage| all.iter().filter(move |member| member.stage == Some(stage)).filter_map(|member| member.begun_at).min().expect("some");
        assert!(began(stage) >= ended(stage - 1), "stage {stage} began before the one before had ended");
    }
    let sizes: Vec<_> = (0..4).map(|stage| all.iter().filter(|member| member.stage == Some(stage)).count()).collect();
    assert_eq!(sizes, [1, 2, 10, 37]);
    assert!(wave.stages.iter().all(|times| times.began_at.is_some() && times.ended_at.is_some()), "{:?}", wave.stages);
    for id in &ids {
        assert_on(&world, *id, NEW, LETTERS).await;
    }
    let stable = world.store().channel(ReleaseChannel::Stable).await.expect("it is there");
    assert_eq!((stable.release.map(|release| release.openclaw_version), stable.followers, stable.behind, stable.wave), (Some(NEW.to_owned()), 50, 0, None));
    assert_eq!(stable.history.len(), 1);
    // New agents begin with it, although another image is newer.
    assert_eq!(world.store().default_release().await.expect("a look").map(|release| release.openclaw_version).as_deref(), Some(NEW));
    let told = world.timeline(ids[0]).await.join("\n");
    assert!(told.contains("stable brings OpenClaw 2026.9.7: stage 1 of 4") && told.contains("stable is on OpenClaw 2026.9.7, and it works"), "{told}");
}

/// A release that behaves like this is promoted to a fleet of fifty.
async fn harms_one_at_most(behaviour: Behaviour, settings: Config, reason: &str, touches: bool) {
    let (world, ids) = fleet(TestStore::sqlite().await, settings, 50).await;
    world.fake.set_image_behaviour(&digest(NEW), behaviour);
    let before = world.fake.effects().len();
    let id = promote(&world, NEW, &usual()).await;
    let wave = until(&world, id, WaveState::Halted).await;
    let told = wave.reason.unwrap_or_default();
    assert!(told.starts_with("an agent of the first stage failed") && told.contains(reason), "{told}");
    let all = states(&world, id).await;
    assert_eq!((all[0], count(&all, MemberState::Waiting)), (MemberState::Failed, 49));
    // It is back, with its data; nobody else was ever touched.
    trusted(&world, ids[0]).await;
    let harmed = touched(&world, before);
    assert!(harmed.iter().all(|one| *one == ids[0].to_string()), "{harmed:?}");
    assert_eq!(world.fake.effects()[before..].iter().any(|effect| effect.ends_with(" stopped")), touches);
    for id in &ids {
        assert_on(&world, *id, OLD, LETTERS).await;
    }
    let stable = world.store().channel(ReleaseChannel::Stable).await.expect("it is there");
    assert_eq!((stable.release, stable.wave), (None, Some(id)));
    world.assert_routes(&ids).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_whose_gateway_never_becomes_ready_harms_the_canary_alone() {
    let settings = Config { start_timeout_seconds: 1, ..Config::default() };
    harms_one_at_most(Behaviour { never_starts: true, writes: Some("migrated".to_owned()), ..Behaviour::default() }, settings, "did not say within 1 s", true)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_migrates_the_data_and_then_fails_harms_the_canary_alone() {
    let behaviour = Behaviour { writes: Some("migrated".to_owned()), exits_after_ms: Some(0), exit_code: 1, ..Behaviour::default() };
    harms_one_at_most(behaviour, Config::default(), "ended by itself with code 1", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_crashes_within_its_probation_harms_the_canary_alone() {
    let settings = Config { probation_seconds: 3_600, ..Config::default() };
    let behaviour = Behaviour { writes: Some("migrated".to_owned()), exits_after_ms: Some(700), exit_code: 1, ..Behaviour::default() };
    harms_one_at_most(behaviour, settings, "ended by itself with code 1", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_does_not_start_on_a_copy_of_the_data_touches_nobody() {
    let behaviour = Behaviour { fails_rehearsals: true, writes: Some("migrated".to_owned()), ..Behaviour::default() };
    harms_one_at_most(behaviour, Config::default(), "on a copy of the data", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_breaks_the_canary_after_it_was_trusted_halts_and_the_canary_comes_back() {
    let (world, ids) = fleet(TestStore::sqlite().await, Config::default(), 6).await;
    let quiet = WavePlan { soak_seconds: 3_600, ..usual() };
    let id = promote(&world, NEW, &quiet).await;
    eventually("the canary is good", || async { (states(&world, id).await[0] == MemberState::Good).then_some(()) }).await;
    // OpenClaw's own code for a configuration that it refuses: no repetition mends it.
    world.fake.crash(ids[0], 78, false);
    let behaviour = Behaviour { exits_after_ms: Some(0), exit_code: 78, ..Behaviour::default() };
    world.fake.set_image_behaviour(&digest(NEW), behaviour);
    let wave = until(&world, id, WaveState::Halted).await;
    assert!(wave.reason.as_deref().is_some_and(|reason| reason.contains("it worked at first, and then failed")), "{wave:?}");
    eventually("it is back", || async { (states(&world, id).await[0] == MemberState::Returned).then_some(()) }).await;
    assert_on(&world, ids[0], OLD, LETTERS).await;
    assert_eq!(count(&states(&world, id).await, MemberState::Waiting), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_is_paused_resumed_and_aborted_at_any_stage() {
    for stage in 0..3 {
        let (world, ids) = fleet(TestStore::sqlite().await, Config::default(), 8).await;
        // Each stage waits for its hour of quiet, so that it can be met in it.
        let slow = WavePlan { soak_seconds: 3_600, ..plan(&[Size::Count(1), Size::Count(3), Size::Count(5), Size::ALL]) };
        let id = promote(&world, NEW, &slow).await;
        for _ in 0..stage {
            eventually("the stage is quiet", || async { states(&world, id).await.iter().all(|state| *state != MemberState::Moving).then_some(()) }).await;
            let before = world.store().wave(id).await.expect("there").stage;
            eventually("the next stage begins", || async {
                world.test.clock.turn_seconds(3_601);
                (world.store().wave(id).await.expect("there").stage > before).then_some(())
            })
            .await;
        }
        let reached = [1, 3, 5][stage];
        eventually("its agents are good", || async { (count(&states(&world, id).await, MemberState::Good) == reached).then_some(()) }).await;
        ask(&world, id, WaveAsk::Pause, None).await;
        world.test.clock.turn_seconds(7_200);
        let looks = world.get(ids[7]).await.observed_at;
        eventually("time passes", || async { (world.get(ids[7]).await.observed_at > looks).then_some(()) }).await;
        assert_eq!(count(&states(&world, id).await, MemberState::Good), reached, "a paused wave begins with nobody");
        assert_eq!(world.store().wave(id).await.expect("there").state, WaveState::Paused);
        ask(&world, id, WaveAsk::Resume, None).await;
        eventually("it goes on", || async {
            world.test.clock.turn_seconds(3_601);
            (states(&world, id).await.iter().filter(|state| **state != MemberState::Waiting).count() > reached).then_some(())
        })
        .await;
        ask(&world, id, WaveAsk::Abort, None).await;
        eventually("those on their way arrive", || async { (count(&states(&world, id).await, MemberState::Moving) == 0).then_some(()) }).await;
        let ended = states(&world, id).await;
        assert!(count(&ended, MemberState::Good) > reached && count(&ended, MemberState::Waiting) > 0, "{ended:?}");
        assert_eq!(world.store().channel(ReleaseChannel::Stable).await.expect("there").release, None);
        let refusal = world.store().ask_wave(&operator(), id, WaveAsk::Resume, None).await.expect_err("it is over");
        assert!(refusal.to_string().contains("promote the release again"), "{refusal}");
        // And on from there: only those that are left are moved.
        let next = promote(&world, NEW, &plan(&[Size::ALL])).await;
        until(&world, next, WaveState::Finished).await;
        assert_eq!(members(&world, next).await.len(), count(&ended, MemberState::Waiting));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reverted_wave_brings_everybody_back_with_the_data_from_before() {
    let (world, ids) = fleet(TestStore::sqlite().await, Config::default(), 6).await;
    world.fake.set_image_behaviour(&digest(OLD), Behaviour { refuses_data: Some("newer letters".to_owned()), ..Behaviour::default() });
    let id = promote(&world, NEW, &plan(&[Size::Count(1), Size::ALL])).await;
    until(&world, id, WaveState::Finished).await;
    for one in &ids {
        world.fake.write_data(*one, "newer letters");
    }
    // One is its owner's again.
    let change = Change { text: Some("{ ui: { assistant: { name: 'Grace' } } }".to_owned()), ..Change::default() };
    world.store().change(&world.actor, world.account, ids[5], change).await.expect("written");
    world.app.wake.notify_one();
    trusted(&world, ids[5]).await;
    let revert = world.store().revert_plan(id).await.expect("a plan");
    assert_eq!(revert.agents.len(), 5);
    assert!(revert.summary.contains("5 agents go back") && revert.summary.contains("is lost to them"), "{}", revert.summary);
    assert!(revert.agents.iter().all(|one| one.plan.data == RollbackData::Restore && one.plan.loses_since.is_some()));
    ask(&world, id, WaveAsk::Revert, None).await;
    until(&world, id, WaveState::Reverted).await;
    for one in &ids[..5] {
        assert_on(&world, *one, OLD, LETTERS).await;
    }
    assert_on(&world, ids[5], NEW, "newer letters").await;
    let all = members(&world, id).await;
    assert_eq!(all[5].state, MemberState::Skipped);
    assert!(all[5].reason.as_deref().is_some_and(|reason| reason.contains("its owner has changed it since")), "{:?}", all[5]);
    let stable = world.store().channel(ReleaseChannel::Stable).await.expect("there");
    assert_eq!((stable.release, stable.history.len()), (None, 2), "the channel is as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_that_is_reverted_on_its_way_ends_where_it_began() {
    let (world, ids) = fleet(TestStore::sqlite().await, Config { probation_seconds: 3_600, ..Config::default() }, 4).await;
    let id = promote(&world, NEW, &plan(&[Size::Count(2), Size::ALL])).await;
    eventually("two are on their way", || async { (count(&states(&world, id).await, MemberState::Moving) == 2).then_some(()) }).await;
    ask(&world, id, WaveAsk::Revert, None).await;
    until(&world, id, WaveState::Reverted).await;
    let all = states(&world, id).await;
    assert_eq!((count(&all, MemberState::Returned), count(&all, MemberState::Waiting)), (2, 2));
    for one in &ids {
        trusted(&world, *one).await;
        assert_on(&world, *one, OLD, LETTERS).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_whom_the_wave_may_not_move_are_left_alone_and_told_why() {
    let (world, ids) = fleet(TestStore::sqlite().await, Config::default(), 7).await;
    let store = world.store();
    let [youngest, suspended, deleted, by_hand, closed, other, plain] = [ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6]];
    store.follow(&world.actor, world.account, other, Some(ReleaseChannel::Canary), None).await.expect("granted");
    // Opens in two or three days, by whatever clock.
    let later = weekday(world.now().plus_seconds(3 * 86_400));
    let window = format!("{later} 02:00-04:00 UTC").parse().expect("a window");
    store.follow(&world.actor, world.account, closed, Some(ReleaseChannel::Stable), Some(&window)).await.expect("granted");
    world.ask(suspended, Ask::Suspend).await;
    let slow = WavePlan { soak_seconds: 3_600, ..usual() };
    let id = promote(&world, NEW, &slow).await;
    eventually("the canary is good", || async { (count(&states(&world, id).await, MemberState::Good) == 1).then_some(()) }).await;
    let canary = members(&world, id).await.into_iter().find(|member| member.state == MemberState::Good).expect("one").deployment;
    assert_eq!(canary, youngest, "the youngest that can be moved");
    // Meanwhile owners do as they like.
    world.ask(deleted, Ask::Terminate).await;
    let chosen = Change { image: Some(digest(NEW)), ..Change::default() };
    let seen = store.change(&world.actor, world.account, by_hand, chosen).await.expect("written");
    assert_eq!(seen.follows, None, "choosing by hand pins");
    world.app.wake.notify_one();
    trusted(&world, by_hand).await;
    eventually("it waits for the window alone", || async {
        world.test.clock.turn_seconds(600);
        let (wave, members) = (store.wave(id).await.expect("there"), members(&world, id).await);
        let waits = vivier_server::worker::waves::waits_for(&wave, &members, world.now());
        waits.is_some_and(|waits| waits.contains("maintenance windows of 1 agent")).then_some(())
    })
    .await;
    assert_eq!(count(&states(&world, id).await, MemberState::Good), 2);
    assert_on(&world, plain, NEW, LETTERS).await;
    assert_on(&world, closed, OLD, LETTERS).await;
    eventually("the window opens", || async {
        world.test.clock.turn_seconds(600);
        (store.wave(id).await.expect("there").state == WaveState::Finished).then_some(())
    })
    .await;
    assert_on(&world, closed, NEW, LETTERS).await;
    assert_on(&world, other, OLD, LETTERS).await;
    let reasons: Vec<_> = members(&world, id).await.into_iter().filter_map(|member| Some((member.deployment, member.reason?))).collect();
    let reason = |id| reasons.iter().find(|(one, _)| *one == id).map(|(_, reason)| reason.as_str());
    assert_eq!(reason(suspended), Some("it is suspended"));
    assert_eq!(reason(deleted), Some("it was deleted"));
    assert_eq!(reason(by_hand), Some("it does not follow the channel any more"));
    assert_eq!(members(&world, id).await.len(), 6, "who follows another channel is no member");
}

/// The day of the week in a window's words, in UTC. 1970-01-01 was a Thursday.
fn weekday(at: vivier_core::time::Timestamp) -> &'static str {
    let days = at.as_millis().div_euclid(86_400_000);
    ["thu", "fri", "sat", "sun", "mon", "tue", "wed"][usize::try_from(days.rem_euclid(7)).expect("0 to 6")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_who_changes_an_agent_on_its_way_takes_it_out_and_another_takes_its_place() {
    let (world, ids) = fleet(TestStore::sqlite().await, Config { probation_seconds: 3_600, ..Config::default() }, 3).await;
    let id = promote(&world, NEW, &plan(&[Size::Count(1), Size::ALL])).await;
    eventually("the first is on its way", || async { (world.get(ids[0]).await.revision == 2).then_some(()) }).await;
    let change = Change { text: Some("{ ui: { assistant: { name: 'Grace' } } }".to_owned()), ..Change::default() };
    world.store().change(&world.actor, world.account, ids[0], change).await.expect("written");
    world.app.wake.notify_one();
    eventually("another has its place", || async { (states(&world, id).await[..2] == [MemberState::Skipped, MemberState::Moving]).then_some(()) }).await;
    assert_eq!(members(&world, id).await[0].reason.as_deref(), Some("its owner changed it meanwhile"));
}

#[tokio::test]
async fn two_waves_at_once_are_refused_and_another_channel_has_its_own() {
    let (world, ids) = fleet(TestStore::sqlite().await, Config::default(), 3).await;
    world.store().follow(&world.actor, world.account, ids[2], Some(ReleaseChannel::Canary), None).await.expect("granted");
    let id = promote(&world, NEW, &WavePlan { soak_seconds: 3_600, ..usual() }).await;
    let wanted = release(&world, NEW).await;
    let refusal = world.store().promote(&operator(), wanted, ReleaseChannel::Stable, &usual()).await.expect_err("one at a time");
    assert!(matches!(&refusal, StoreError::Conflict(reason) if reason.contains(&id.to_string())), "{refusal}");
    let canary = world.store().promote(&operator(), wanted, ReleaseChannel::Canary, &usual()).await.expect("granted").expect("a wave");
    until(&world, canary, WaveState::Finished).await;
    assert_on(&world, ids[2], NEW, LETTERS).await;
}

/// The same on both engines.
async fn moves_halts_and_reverts(test: TestStore) {
    let (world, ids) = fleet(test, Config::default(), 3).await;
    let id = promote(&world, NEW, &plan(&[Size::Count(1), Size::ALL])).await;
    until(&world, id, WaveState::Finished).await;
    ask(&world, id, WaveAsk::Revert, None).await;
    until(&world, id, WaveState::Reverted).await;
    world.fake.set_image_behaviour(&digest(NEW), Behaviour { exits_after_ms: Some(0), exit_code: 1, ..Behaviour::default() });
    let id = promote(&world, NEW, &plan(&[Size::Count(1), Size::ALL])).await;
    until(&world, id, WaveState::Halted).await;
    for one in ids {
        trusted(&world, one).await;
        assert_on(&world, one, OLD, LETTERS).await;
    }
    let log = world.store().audit_log(None, 500).await.expect("the audit log");
    for action in ["release.promote", "wave.advance", "wave.finished", "wave.revert", "wave.reverted", "wave.halted", "wave.member"] {
        assert!(log.iter().any(|row| row.action == action), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_moves_halts_and_reverts_on_sqlite() {
    moves_halts_and_reverts(TestStore::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_moves_halts_and_reverts_on_postgres() {
    moves_halts_and_reverts(TestStore::postgres().await).await;
}

/// What the worker is in the middle of when it dies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Good,
    Bad,
    Revert,
}

/// Where it dies: at the n-th side effect on the host, or right after the n-th step of the wave was written.
#[derive(Clone, Copy, Debug)]
enum Death {
    Effect(u64),
    Step(u64),
}

/// The worker dies in a wave over two agents, another one takes over: the same end. Returns whether it died at all.
async fn survives(deed: Deed, death: Death) -> bool {
    let (mut world, ids) = fleet(TestStore::sqlite().await, Config::default(), 2).await;
    let bad = deed == Deed::Bad;
    let behaviour = Behaviour { writes: Some("migrated".to_owned()), exits_after_ms: bad.then_some(0), exit_code: 1, ..Behaviour::default() };
    world.fake.set_image_behaviour(&digest(NEW), behaviour);
    let stages = plan(&[Size::Count(1), Size::ALL]);
    let reverted = if deed == Deed::Revert {
        let id = promote(&world, NEW, &stages).await;
        until(&world, id, WaveState::Finished).await;
        Some(id)
    } else {
        None
    };
    world.stop().await;
    let asking = world.test.reopen().await;
    let (id, end) = match reverted {
        Some(id) => {
            asking.ask_wave(&operator(), id, WaveAsk::Revert, None).await.expect("granted");
            (id, WaveState::Reverted)
        }
        None => {
            let wanted = release(&world, NEW).await;
            let id = asking.promote(&operator(), wanted, ReleaseChannel::Stable, &stages).await.expect("granted").expect("a wave");
            (id, if bad { WaveState::Halted } else { WaveState::Finished })
        }
    };
    let blown = Arc::new(tokio::sync::Notify::new());
    match death {
        Death::Effect(n) => world.fake.set_fuse(Some(n)),
        Death::Step(n) => {
            let last = asking.wave(id).await.expect("there").version + n;
            let (watching, blown) = (asking.clone(), blown.clone());
            world.app.store = world.app.store.clone().with_commit_hook(Arc::new(move || {
                let (watching, blown) = (watching.clone(), blown.clone());
                Box::pin(async move {
                    if watching.wave(id).await.expect("there").version > last {
                        blown.notify_one();
                        std::future::pending::<()>().await;
                    }
                })
            }));
        }
    }
    world.start();
    let died = tokio::select! {
        () = blown.notified() => true,
        () = eventually("the fuse blows", || async { world.fake.blown().then_some(()) }) => true,
        () = ended(&asking, id, end) => false,
    };
    world.kill().await;
    world.start();
    until(&world, id, end).await;
    let (version, data) = if deed == Deed::Good { (NEW, "migrated") } else { (OLD, LETTERS) };
    for one in &ids {
        trusted(&world, *one).await;
        assert_on(&world, *one, version, data).await;
    }
    let all = members(&world, id).await;
    let expected = match deed {
        Deed::Good => [MemberState::Good, MemberState::Good],
        Deed::Bad => [MemberState::Failed, MemberState::Waiting],
        Deed::Revert => [MemberState::Returned, MemberState::Returned],
    };
    assert_eq!(all.iter().map(|member| member.state).collect::<Vec<_>>(), expected, "{deed:?} {death:?}");
    // Nothing was done twice: a step that was repeated would have made another revision.
    for (member, most) in all.iter().zip(match deed {
        Deed::Good => [2, 2],
        Deed::Bad => [3, 1],
        Deed::Revert => [3, 3],
    }) {
        assert_eq!(world.get(member.deployment).await.revision, most, "{deed:?} {death:?}");
    }
    assert_eq!(world.fake.containers(), 2);
    world.assert_routes(&ids).await;
    died
}

async fn ended(store: &vivier_server::store::Store, id: WaveId, end: WaveState) {
    eventually("the wave ends", || async { (store.wave(id).await.expect("there").state == end).then_some(()) }).await;
}

async fn every_death(deed: Deed) {
    let mut effects = 0;
    while survives(deed, Death::Effect(effects)).await {
        effects += 1;
    }
    let mut steps = 0;
    while survives(deed, Death::Step(steps)).await {
        steps += 1;
    }
    println!("{deed:?}: died at each of {effects} side effects and after each of {steps} steps of the wave");
    assert!(effects >= 4 && steps >= 2, "{deed:?} has {effects} effects and {steps} steps");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_wave_survives_a_death_at_every_step() {
    every_death(Deed::Good).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_that_halts_survives_a_death_at_every_step() {
    every_death(Deed::Bad).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revert_survives_a_death_at_every_step() {
    every_death(Deed::Revert).await;
}
