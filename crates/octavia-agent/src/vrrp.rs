//! VRRP: which of a pair of amphorae has the addresses of the load balancer.
//!
//! It runs on a thread of its own, so that its timers never wait behind a handshake or a large
//! document.

mod check;
mod duty;
mod machine;
mod packet;
mod socket;
mod speaker;
mod tripwire;

use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::agent::VrrpStatus;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio_util::task::TaskTracker;

use crate::data_plane::DataPlane;
use speaker::{Means, Speaker};

pub(crate) use duty::Duty;

/// How long the thread may take for one order.
const LIMIT: Duration = Duration::from_secs(5);

/// This amphora's part in its pair, if it has a twin.
pub(crate) struct Vrrp {
    data_plane: Arc<dyn DataPlane>,
    orders: Mutex<Option<mpsc::Sender<Order>>>,
    status: watch::Sender<Option<VrrpStatus>>,
}

/// What the thread is told: a duty, or that there is none (any more).
struct Order {
    duty: Option<Duty>,
    done: oneshot::Sender<Result<(), String>>,
}

impl Vrrp {
    /// Makes one that takes no part in anything.
    pub(crate) fn new(data_plane: Arc<dyn DataPlane>) -> Self {
        Self {
            data_plane,
            orders: Mutex::default(),
            status: watch::Sender::new(None),
        }
    }

    /// Takes the duty, and returns when it is being done.
    pub(crate) async fn serve(&self, duty: Option<Duty>) -> Result<(), String> {
        let mut orders = self.orders.lock().await;
        if orders.is_none() {
            if duty.is_none() {
                return Ok(());
            }
            *orders = Some(self.spawn()?);
        }
        let (done, answer) = oneshot::channel();
        let order = Order { duty, done };
        let sent = match orders.as_ref() {
            Some(orders) => orders.send(order).await,
            None => return Ok(()),
        };
        let late = || "the VRRP thread does not answer".to_owned();
        sent.map_err(|_| late())?;
        let answered = tokio::time::timeout(LIMIT, answer).await;
        answered.map_err(|_| late())?.map_err(|_| late())?
    }

    /// Hands the addresses over, if it has them.
    pub(crate) async fn stop(&self) {
        if let Err(error) = self.serve(None).await {
            tracing::warn!("could not hand over: {error}");
        }
    }

    /// Returns how it stands with its twin.
    pub(crate) fn status(&self) -> Option<VrrpStatus> {
        self.status.borrow().clone()
    }

    fn spawn(&self) -> Result<mpsc::Sender<Order>, String> {
        let (sender, orders) = mpsc::channel(1);
        let means = Means {
            data_plane: Arc::clone(&self.data_plane),
            tasks: TaskTracker::new(),
            status: self.status.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        std::thread::Builder::new()
            .name("vrrp".to_owned())
            .spawn(move || runtime.block_on(run(orders, &means)))
            .map_err(|error| error.to_string())?;
        Ok(sender)
    }
}

/// Does what it is told, until nobody is there any more to tell.
async fn run(mut orders: mpsc::Receiver<Order>, means: &Means) {
    let mut speaker = None;
    loop {
        let order = match &mut speaker {
            None => orders.recv().await,
            Some(speaker) => match attend(speaker, &mut orders).await {
                Attended::Order(order) => order,
                Attended::Happening => continue,
            },
        };
        let Some(Order { duty, done }) = order else {
            break;
        };
        let outcome = obey(&mut speaker, duty, means).await;
        // Whoever asked may have stopped waiting.
        done.send(outcome).ok();
    }
    if let Some(speaker) = speaker {
        speaker.stop().await;
    }
}

enum Attended {
    Order(Option<Order>),
    Happening,
}

async fn attend(speaker: &mut Speaker, orders: &mut mpsc::Receiver<Order>) -> Attended {
    let happening = tokio::select! {
        order = orders.recv() => return Attended::Order(order),
        happening = speaker.next() => happening,
    };
    speaker.handle(happening).await;
    Attended::Happening
}

async fn obey(
    speaker: &mut Option<Speaker>,
    duty: Option<Duty>,
    means: &Means,
) -> Result<(), String> {
    match (duty, speaker.as_mut()) {
        (Some(duty), Some(speaker)) => speaker.reassign(duty, &means.tasks).await,
        (Some(duty), None) => {
            *speaker = Some(Speaker::start(duty, means).await?);
            Ok(())
        }
        (None, _) => {
            if let Some(speaker) = speaker.take() {
                speaker.stop().await;
            }
            Ok(())
        }
    }
}
