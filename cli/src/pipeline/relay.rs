//! Events of tasks that run side by side. Tasks outlive no borrow, so what they tell travels through a channel to the
//! sink of whoever waits for them.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Event, EventSink};

/// What tasks get.
#[derive(Debug, Clone)]
pub struct Sender(UnboundedSender<Event>);

/// What stays with whoever waits.
#[derive(Debug)]
pub struct Relay(UnboundedReceiver<Event>);

/// Both ends.
pub fn relay() -> (Sender, Relay) {
    let (sender, receiver) = unbounded_channel();
    (Sender(sender), Relay(receiver))
}

impl Sender {
    /// Tells an event.
    pub fn send(&self, event: Event) {
        // Nobody listens any more only when nobody waits any more.
        let _ = self.0.send(event);
    }
}

impl Relay {
    /// Waits for `work`, and gives its tasks' events to `events` meanwhile: all of them, in order.
    pub async fn during<T>(mut self, work: impl Future<Output = T>, events: EventSink<'_>) -> T {
        tokio::pin!(work);
        let done = loop {
            tokio::select! {
                Some(event) = self.0.recv() => events(event),
                done = &mut work => break done,
            }
        };
        while let Ok(event) = self.0.try_recv() {
            events(event);
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn every_event_arrives_in_order_also_the_last_ones() {
        let heard = Mutex::new(Vec::new());
        let sink = |event| match event {
            Event::Notice { message } => heard.lock().unwrap().push(message),
            other => panic!("{other:?}"),
        };
        let (sender, relay) = relay();
        let work = async move {
            for message in ["one", "two"] {
                sender.send(Event::Notice { message: message.to_owned() });
                tokio::task::yield_now().await;
            }
            // Sent and done in one go: nobody had a chance to listen.
            sender.send(Event::Notice { message: "three".to_owned() });
            3
        };
        assert_eq!(relay.during(work, &sink).await, 3);
        assert_eq!(*heard.lock().unwrap(), ["one", "two", "three"]);
    }
}
