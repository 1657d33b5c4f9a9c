//! Cloudflare Workflows: the binding that starts instances, and the steps that an instance is made of.
//!
//! The `worker` crate has no Workflows yet, so this binds the JavaScript interface. A step's callback runs once per
//! attempt; a panic in it is a failed attempt like any other.

use std::{panic::AssertUnwindSafe, rc::Rc};

use js_sys::{
    Function, JSON, Promise, Reflect,
    futures::{JsFuture, future_to_promise},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, prelude::*};
use worker::{Env, Error, Result};

#[wasm_bindgen]
extern "C" {
    /// The `step` argument of a workflow's `run`.
    #[derive(Clone, Debug)]
    #[wasm_bindgen(js_name = WorkflowStep)]
    pub type JsStep;
    #[wasm_bindgen(method, catch, js_name = "do")]
    fn perform(
        this: &JsStep,
        name: &str,
        config: &JsValue,
        attempt: &Function,
    ) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn sleep(this: &JsStep, name: &str, milliseconds: f64) -> std::result::Result<Promise, JsValue>;

    #[derive(Clone, Debug)]
    type JsBinding;
    #[wasm_bindgen(method, catch)]
    fn create(this: &JsBinding, options: &JsValue) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn get(this: &JsBinding, id: &str) -> std::result::Result<Promise, JsValue>;

    #[derive(Clone, Debug)]
    type JsInstance;
    #[wasm_bindgen(method, catch)]
    fn status(this: &JsInstance) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = sendEvent)]
    fn send_event(this: &JsInstance, event: &JsValue) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn restart(this: &JsInstance) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn terminate(this: &JsInstance) -> std::result::Result<Promise, JsValue>;
}

#[wasm_bindgen(module = "cloudflare:workflows")]
extern "C" {
    #[wasm_bindgen(extends = js_sys::Error)]
    type NonRetryableError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str) -> NonRetryableError;
}

/// By way of JSON text, so that parameters, settings and outputs are plain objects.
fn to_js<T: Serialize + ?Sized>(value: &T) -> Result<JsValue> {
    Ok(JSON::parse(&serde_json::to_string(value)?)?)
}

fn from_js<T: DeserializeOwned>(value: &JsValue) -> Result<T> {
    let text = JSON::stringify(value)?.as_string().unwrap_or_default();
    Ok(serde_json::from_str(&text)?)
}

async fn settled(promise: std::result::Result<Promise, JsValue>) -> Result<JsValue> {
    Ok(JsFuture::from(promise?).await?)
}

/// How often and how a step is tried again.
#[derive(Debug, Clone, Serialize)]
pub struct Retries {
    /// Attempts after the first.
    pub limit: u32,
    /// The first pause, in milliseconds.
    pub delay: u32,
    /// How the pause grows.
    pub backoff: Backoff,
}

/// How the pause between attempts grows.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backoff {
    /// Not at all.
    Constant,
    /// Twofold each time.
    Exponential,
}

/// How a step is run.
#[derive(Debug, Clone, Serialize)]
pub struct StepConfig {
    /// Attempts and pauses.
    pub retries: Retries,
    /// When an attempt is given up, in milliseconds.
    pub timeout: u32,
}

/// What an attempt fails with.
#[derive(Debug)]
pub enum StepError {
    /// Worth another attempt.
    Retryable(String),
    /// Never going to work: the step has failed.
    Fatal(String),
}

/// The steps of one instance.
#[derive(Debug, Clone)]
pub struct Step(JsStep);

impl Step {
    /// Runs a durable step: once it has a result, it is never run again, not even after a restart. The result is kept as
    /// JSON text, so that a decimal comes back with the digits that it had.
    pub async fn run<T, F, Fut>(&self, name: &str, config: &StepConfig, attempt: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned + 'static,
        F: Fn() -> Fut + 'static,
        Fut: Future<Output = std::result::Result<T, StepError>> + 'static,
    {
        let attempt = Rc::new(attempt);
        let callback = Closure::<dyn FnMut(JsValue) -> Promise>::wrap_assert_unwind_safe(Box::new(move |_context| {
            let attempt = Rc::clone(&attempt);
            future_to_promise(AssertUnwindSafe(async move {
                match crate::guard::catch(attempt()).await {
                    Ok(Ok(value)) => serde_json::to_string(&value)
                        .map(JsValue::from)
                        .map_err(|error| js_sys::Error::new(&error.to_string()).into()),
                    Ok(Err(StepError::Fatal(message))) => Err(NonRetryableError::new(&message).into()),
                    Ok(Err(StepError::Retryable(message))) => Err(js_sys::Error::new(&message).into()),
                    Err(panic) => Err(js_sys::Error::new(&format!("panic: {}", panic.0)).into()),
                }
            }))
        }));
        let config = to_js(config)?;
        // The callback has to live until the step has settled.
        let value = settled(self.0.perform(name, &config, callback.as_ref().unchecked_ref())).await?;
        Ok(serde_json::from_str(&value.as_string().unwrap_or_default())?)
    }

    /// Sleeps durably.
    pub async fn sleep(&self, name: &str, milliseconds: u32) -> Result<()> {
        settled(self.0.sleep(name, f64::from(milliseconds))).await.map(drop)
    }
}

/// What an instance was started with.
#[derive(Debug, Deserialize)]
pub struct Event<T> {
    /// The parameters.
    pub payload: T,
    /// The instance's id.
    #[serde(rename = "instanceId")]
    pub instance_id: String,
}

/// The body of a workflow's exported `run`: reads the event, runs, writes the output. A panic between the steps fails the
/// instance.
pub async fn run<P, O, F, Fut>(event: JsValue, step: JsStep, body: F) -> std::result::Result<JsValue, JsValue>
where
    P: DeserializeOwned,
    O: Serialize,
    F: FnOnce(Event<P>, Step) -> Fut,
    Fut: Future<Output = Result<O>>,
{
    let event: Event<P> = from_js(&event).map_err(JsValue::from)?;
    match crate::guard::catch(body(event, Step(step))).await {
        Ok(output) => to_js(&output.map_err(JsValue::from)?).map_err(JsValue::from),
        Err(panic) => Err(js_sys::Error::new(&format!("panic: {}", panic.0)).into()),
    }
}

/// A Workflow binding.
#[derive(Debug, Clone)]
pub struct Workflow(JsBinding);

/// What the runtime says of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    /// There is no such instance.
    Absent,
    /// It is under way, or believes so.
    Unfinished,
    /// It has ended well.
    Complete,
    /// It has ended badly or was terminated.
    Failed,
}

impl Workflow {
    /// Finds the binding.
    pub fn of(env: &Env, binding: &str) -> Result<Self> {
        let value = Reflect::get(env, &binding.into())?;
        if value.is_undefined() {
            return Err(Error::RustError(format!("there is no binding {binding}")));
        }
        Ok(Self(value.unchecked_into()))
    }

    /// Starts an instance under an id of our own.
    pub async fn create<P: Serialize>(&self, id: &str, params: &P) -> Result<()> {
        #[derive(Serialize)]
        struct Options<'a, P> {
            id: &'a str,
            params: &'a P,
        }
        settled(self.0.create(&to_js(&Options { id, params })?)).await.map(drop)
    }

    async fn instance(&self, id: &str) -> Result<Option<JsInstance>> {
        match settled(self.0.get(id)).await {
            Ok(instance) => Ok(Some(instance.unchecked_into())),
            Err(error) if error.to_string().contains("not_found") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the runtime says of an instance.
    pub async fn state(&self, id: &str) -> Result<InstanceState> {
        let Some(instance) = self.instance(id).await? else { return Ok(InstanceState::Absent) };
        let status = match settled(instance.status()).await {
            Ok(status) => status,
            Err(error) if error.to_string().contains("not_found") => return Ok(InstanceState::Absent),
            Err(error) => return Err(error),
        };
        Ok(match Reflect::get(&status, &"status".into())?.as_string().as_deref() {
            Some("complete") => InstanceState::Complete,
            Some("errored" | "terminated") => InstanceState::Failed,
            _ => InstanceState::Unfinished,
        })
    }

    /// Sends an event that nothing waits for: an instance that lost its timer with the runtime comes back to life by it.
    pub async fn wake(&self, id: &str) -> Result<()> {
        #[derive(Serialize)]
        struct Event {
            r#type: &'static str,
            payload: Option<()>,
        }
        let Some(instance) = self.instance(id).await? else { return Ok(()) };
        settled(instance.send_event(&to_js(&Event { r#type: "wake", payload: None })?)).await.map(drop)
    }

    /// Runs an instance again from its beginning.
    pub async fn restart(&self, id: &str) -> Result<()> {
        let Some(instance) = self.instance(id).await? else { return Ok(()) };
        settled(instance.restart()).await.map(drop)
    }

    /// Ends an instance for good. One that is not there, or has ended, stays as it is.
    pub async fn terminate(&self, id: &str) -> Result<()> {
        if self.state(id).await? != InstanceState::Unfinished {
            return Ok(());
        }
        let Some(instance) = self.instance(id).await? else { return Ok(()) };
        settled(instance.terminate()).await.map(drop)
    }
}
