//! The threads that serve public connections, each with an event loop of its own.
//!
//! One connection stays on one thread with the connection to its agent, so a request wakes nobody else. A runtime whose threads
//! share one event loop lets a single thread do most of the work while little is going on, which halves what gets through on a
//! busy machine (measured: `benches/ingress`).

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::pulse::{Order, Pulse};
use crate::edge::Shared;

thread_local! {
    static LANE: Cell<usize> = const { Cell::new(0) };
}

/// The number of the thread's lane, from 1; 0 on every thread that is none.
pub fn here() -> usize {
    LANE.get()
}

/// One accepted connection on its way to a lane.
struct Arrival {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
}

pub struct Lanes {
    lanes: Vec<(mpsc::UnboundedSender<Arrival>, JoinHandle<()>)>,
    next: AtomicUsize,
}

impl Lanes {
    /// Starts `count` threads.
    ///
    /// # Errors
    /// When the kernel gives no thread or no event loop.
    pub fn start(shared: &Arc<Shared>, count: usize) -> io::Result<Self> {
        let lanes = (1..=count.max(1)).map(|number| start(shared.clone(), number)).collect::<io::Result<_>>()?;
        Ok(Self { lanes, next: AtomicUsize::new(0) })
    }

    /// Hands a connection to the next lane in turn. Each holds its place, which bounds how many can wait.
    ///
    /// # Errors
    /// When the socket cannot be moved.
    pub fn take(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) -> io::Result<()> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let arrival = Arrival { stream: stream.into_std()?, peer, place };
        self.lanes[turn].0.send(arrival).map_err(|_| io::Error::other("the lane has ended"))
    }

    /// Ends the threads, with whatever still runs on them.
    pub fn end(self) {
        for (sender, thread) in self.lanes {
            drop(sender);
            if thread.join().is_err() {
                tracing::error!("a lane of the public door panicked");
            }
        }
    }
}

fn start(shared: Arc<Shared>, number: usize) -> io::Result<(mpsc::UnboundedSender<Arrival>, JoinHandle<()>)> {
    let (sender, arrivals) = mpsc::unbounded_channel::<Arrival>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name(format!("ingress-{number}")).spawn(move || {
        LANE.set(number);
        runtime.block_on(run(shared, arrivals));
    })?;
    Ok((sender, thread))
}

/// Serves what arrives and looks after it, until there is nowhere to arrive from.
async fn run(shared: Arc<Shared>, mut arrivals: mpsc::UnboundedReceiver<Arrival>) {
    let mut pulses: Vec<Weak<Pulse>> = Vec::new();
    let mut standing = Order::Go;
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        let order = tokio::select! {
            arrival = arrivals.recv() => match arrival {
                Some(arrival) => {
                    let pulse = Pulse::new();
                    pulse.tell(standing);
                    pulses.push(Arc::downgrade(&pulse));
                    serve(shared.clone(), arrival, pulse);
                    continue;
                }
                None => return,
            },
            () = shared.closing.cancelled(), if standing == Order::Go => Order::Finish,
            () = shared.cut.cancelled(), if standing == Order::Finish => Order::End,
            _ = tick.tick() => {
                pulses.retain(|pulse| match pulse.upgrade() {
                    Some(pulse) => {
                        pulse.tell(pulse.judge(&shared.config.limits));
                        true
                    }
                    None => false,
                });
                continue;
            }
        };
        standing = order;
        for pulse in pulses.iter().filter_map(Weak::upgrade) {
            pulse.tell(order);
        }
    }
}

fn serve(shared: Arc<Shared>, arrival: Arrival, pulse: Arc<Pulse>) {
    let Arrival { stream, peer, place } = arrival;
    let connections = shared.connections.clone();
    connections.spawn(async move {
        match TcpStream::from_std(stream) {
            Ok(stream) => {
                shared.meters.connections.increment(1.0);
                super::serve(&shared, stream, peer, pulse).await;
                shared.meters.connections.decrement(1.0);
            }
            Err(error) => tracing::warn!("a connection could not be taken over: {error}"),
        }
        drop(place);
    });
}
