//! Exec, attach and port-forward.
//!
//! The process's own pipes and terminals are passed between shim and runtime as descriptors, so that bytes travel from
//! the container's kernel buffers to the caller's stream with nobody in between.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cri_api::v1::ExecSyncResponse;
use cri_api::{
    ByteStream, Code, Error, ExecOptions, InputStream, OutputStream, Result, Streaming, Streams, TerminalSize,
};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

use crate::container::Container;
use crate::error::Context;
use crate::runtime::{Inner, Runtime, lock};
use crate::shim::protocol::{AttachRequest, ExecRequest, Request, Response};
use crate::shim_client::Conversation;
use crate::spec::{ContainerSpec, ProcessSpec, UserSpec};
use crate::state;
use crate::sys::register;

/// Most bytes of either output that `exec_sync` returns; what comes after is read and dropped.
const OUTPUT_LIMIT_BYTES: usize = 16 << 20;

/// How much output may wait for a slow reader who is attached before the shim cuts it off.
const ATTACH_BUFFER_BYTES: usize = 1 << 20;

const BUFFER_BYTES: usize = 16 << 10;

#[async_trait]
impl Streaming for Runtime {
    async fn exec(&self, options: ExecOptions, streams: Streams) -> Result<i32> {
        let container = self.inner.container(&options.container_id)?;
        self.inner.exec(&container, options, streams).await
    }

    async fn attach(&self, container_id: &str, streams: Streams) -> Result<()> {
        let container = self.inner.container(container_id)?;
        container.require_running()?;
        attach(&container, streams).await
    }

    async fn port_forward(&self, pod_sandbox_id: &str, port: u16) -> Result<Box<dyn ByteStream>> {
        let sandbox = self.inner.sandbox(pod_sandbox_id)?;
        if !lock(&sandbox.record).ready {
            return Err(Error::failed_precondition(format!("sandbox {} is not ready", sandbox.id)));
        }
        let mut refused = None;
        for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            let request = Request::Socket { ipv6: address.is_ipv6() };
            let mut conversation = sandbox.shim.open(request, &[]).await?;
            conversation.answer().await?;
            let socket = conversation.descriptors.pop();
            let socket = socket.ok_or_else(|| Error::internal("the shim gave no socket".to_owned()))?;
            let socket = tokio::net::TcpSocket::from_std_stream(std::net::TcpStream::from(socket));
            match socket.connect(SocketAddr::new(address, port)).await {
                Ok(stream) => return Ok(Box::new(stream)),
                Err(error) => drop(refused.get_or_insert(error)),
            }
        }
        let reason = refused.map(|error| error.to_string()).unwrap_or_default();
        let message = format!("failed to connect to localhost:{port} inside sandbox {}: {reason}", sandbox.id);
        Err(Error::new(Code::Unknown, message))
    }
}

impl Inner {
    pub(crate) async fn exec_sync(
        &self,
        container_id: &str,
        command: Vec<String>,
        timeout: Option<Duration>,
    ) -> Result<ExecSyncResponse> {
        let container = self.container(container_id)?;
        let (stdout, stderr) = (Collector::default(), Collector::default());
        let streams = Streams {
            stdout: Some(Box::new(stdout.clone())),
            stderr: Some(Box::new(stderr.clone())),
            ..Streams::default()
        };
        let text = command.join(" ");
        let options = ExecOptions { container_id: container.id.clone(), command, tty: false };
        let run = self.exec(&container, options, streams);
        let exit_code = match timeout {
            None => run.await?,
            Some(timeout) => tokio::time::timeout(timeout, run).await.map_err(|_| {
                let message = format!("failed to exec in container: timeout {timeout:?} exceeded: {text:?}");
                Error::new(Code::DeadlineExceeded, message)
            })??,
        };
        Ok(ExecSyncResponse { stdout: stdout.take(), stderr: stderr.take(), exit_code })
    }

    async fn exec(&self, container: &Arc<Container>, options: ExecOptions, streams: Streams) -> Result<i32> {
        container.require_running()?;
        let specification = command_specification(container, &options)?;
        let request = Request::Exec(ExecRequest { container_id: container.id.clone(), terminal: options.tty });
        if options.tty {
            let mut conversation = container.sandbox.shim.open(request, &[specification.as_fd()]).await?;
            started(&mut conversation).await?;
            let master = conversation.descriptors.pop();
            let master = master.ok_or_else(|| Error::internal("the shim gave no terminal".to_owned()))?;
            return run_with_terminal(conversation, master, streams).await;
        }
        let null = || rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC, 0.into());
        let (stdin, own_stdin) = match streams.stdin.is_some() {
            true => pipe().map(|(reader, writer)| (reader, Some(writer))),
            false => null().map(|null| (null, None)).map_err(io::Error::from),
        }
        .context(|| "make a pipe".to_owned())?;
        let (own_stdout, stdout) = pipe().context(|| "make a pipe".to_owned())?;
        let (own_stderr, stderr) = pipe().context(|| "make a pipe".to_owned())?;
        let descriptors = [specification.as_fd(), stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        let mut conversation = container.sandbox.shim.open(request, &descriptors).await?;
        // Only the command holds these from now on: their closing is its end.
        drop((stdin, stdout, stderr));
        started(&mut conversation).await?;
        run_with_pipes(conversation, own_stdin, own_stdout, own_stderr, streams).await
    }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(pipe_with(PipeFlags::CLOEXEC)?)
}

/// Waits for a command's start; its failure has the words of other runtimes.
async fn started(conversation: &mut Conversation) -> Result<()> {
    match conversation.answer().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let Error { code, message } = error.into();
            let message = format!(
                "failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: \
                 unable to start container process: {message}"
            );
            Err(Error::new(code, message))
        }
    }
}

/// The container's own process, with another command: the same variables, user and privileges.
fn command_specification(container: &Container, options: &ExecOptions) -> Result<OwnedFd> {
    let path = container.directory.join("spec.json");
    let spec: Option<ContainerSpec> = state::read(&path).context(|| format!("read {}", path.display()))?;
    let process = spec.ok_or_else(|| Error::internal(format!("{} is missing", path.display())))?.process;
    let user = lock(&container.record).user.clone().unwrap_or_default();
    let number = |value: i64| u32::try_from(value).unwrap_or_default();
    let process = ProcessSpec {
        arguments: options.command.clone(),
        terminal: options.tty,
        user: UserSpec {
            uid: Some(number(user.uid)),
            gid: Some(number(user.gid)),
            groups: user.supplemental_groups.iter().map(|group| number(*group)).collect(),
            ..UserSpec::default()
        },
        ..process
    };
    let write = || -> io::Result<OwnedFd> {
        let memory = rustix::fs::memfd_create("specification", rustix::fs::MemfdFlags::CLOEXEC)?;
        let mut file = std::fs::File::from(memory);
        io::Write::write_all(&mut file, &serde_json::to_vec(&process)?)?;
        Ok(file.into())
    };
    write().context(|| "write the specification of a command".to_owned())
}

/// Waits for the command's end, and tells those who copy its output.
async fn exit_code(conversation: &mut Conversation, exited: &watch::Sender<bool>) -> Result<i32> {
    let answer = conversation.answer().await;
    exited.send_replace(true);
    match answer? {
        Response::Exited { exit_code } => Ok(exit_code),
        other => Err(Error::internal(format!("unexpected answer of the shim: {other:?}"))),
    }
}

async fn run_with_pipes(
    mut conversation: Conversation,
    stdin: Option<OwnedFd>,
    stdout: OwnedFd,
    stderr: OwnedFd,
    streams: Streams,
) -> Result<i32> {
    let context = || "follow a command's streams".to_owned();
    let exited = watch::Sender::new(false);
    let stdout = copy_output(register(stdout).context(context)?, streams.stdout, exited.subscribe());
    let stderr = copy_output(register(stderr).context(context)?, streams.stderr, exited.subscribe());
    let stdin = match (stdin, streams.stdin) {
        (Some(pipe), Some(stdin)) => Some((register(pipe).context(context)?, stdin)),
        _ => None,
    };
    let input = copy_input(stdin, exited.subscribe());
    let (code, (), (), ()) = tokio::join!(exit_code(&mut conversation, &exited), stdout, stderr, input);
    code
}

async fn run_with_terminal(mut conversation: Conversation, master: OwnedFd, streams: Streams) -> Result<i32> {
    let context = || "follow a command's terminal".to_owned();
    let exited = watch::Sender::new(false);
    let (input, sized) = (master.try_clone().context(context)?, master.try_clone().context(context)?);
    let output = copy_output(register(master).context(context)?, streams.stdout, exited.subscribe());
    let stdin = match streams.stdin {
        Some(stdin) => Some((register(input).context(context)?, stdin)),
        None => None,
    };
    let input = copy_input(stdin, exited.subscribe());
    let resize = resize_terminal(&sized, streams.resize, exited.subscribe());
    let (code, (), (), ()) = tokio::join!(exit_code(&mut conversation, &exited), output, input, resize);
    code
}

async fn resize_terminal(
    master: &OwnedFd,
    mut sizes: Option<mpsc::Receiver<TerminalSize>>,
    mut over: watch::Receiver<bool>,
) {
    loop {
        let size = tokio::select! {
            size = next_size(&mut sizes) => size,
            () = is_over(&mut over) => return,
        };
        let size = rustix::termios::Winsize { ws_col: size.width, ws_row: size.height, ws_xpixel: 0, ws_ypixel: 0 };
        let _ = rustix::termios::tcsetwinsize(master, size);
    }
}

async fn is_over(over: &mut watch::Receiver<bool>) {
    // The sender is gone only when everything is over, too.
    let _ = over.wait_for(|over| *over).await;
}

/// Copies until the end of the output. Once the process has ended, what it wrote is there: the rest is read without
/// waiting, since others that it started may hold the pipe open for ever.
async fn copy_output(source: AsyncFd<OwnedFd>, mut target: Option<OutputStream>, mut exited: watch::Receiver<bool>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let over = *exited.borrow();
        match rustix::io::read(source.get_ref(), &mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                if let Some(stream) = &mut target
                    && (stream.write_all(&buffer[..count]).await.is_err() || stream.flush().await.is_err())
                {
                    // Nobody reads any more: the process learns by writing.
                    return;
                }
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if over => break,
            Err(Errno::AGAIN) => tokio::select! {
                ready = source.readable() => match ready {
                    Ok(mut ready) => ready.clear_ready(),
                    Err(_) => break,
                },
                () = is_over(&mut exited) => {}
            },
            Err(_) => break,
        }
    }
    if let Some(stream) = &mut target {
        let _ = stream.shutdown().await;
    }
}

/// Copies until the end of the input, or of the process.
async fn copy_input(streams: Option<(AsyncFd<OwnedFd>, InputStream)>, mut over: watch::Receiver<bool>) {
    let Some((target, mut source)) = streams else { return };
    let copy = async {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let Ok(count @ 1..) = source.read(&mut buffer).await else { return };
            let mut written = 0;
            while written < count {
                match rustix::io::write(target.get_ref(), &buffer[written..count]) {
                    Ok(more) => written += more,
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => match target.writable().await {
                        Ok(mut ready) => ready.clear_ready(),
                        Err(_) => return,
                    },
                    Err(_) => return,
                }
            }
        }
    };
    tokio::select! {
        () = copy => {}
        () = is_over(&mut over) => {}
    }
}

/// The next size that is asked for; never returns when there is none any more.
async fn next_size(sizes: &mut Option<mpsc::Receiver<TerminalSize>>) -> TerminalSize {
    if let Some(receiver) = sizes
        && let Some(size) = receiver.recv().await
    {
        return size;
    }
    *sizes = None;
    std::future::pending().await
}

async fn attach(container: &Arc<Container>, streams: Streams) -> Result<()> {
    let context = || format!("attach to container {}", container.id);
    let terminal = lock(&container.record).config.tty;
    let stdin = streams.stdin.is_some().then(pipe).transpose().context(context)?;
    let stdout = streams.stdout.is_some().then(pipe).transpose().context(context)?;
    let stderr = (streams.stderr.is_some() && !terminal).then(pipe).transpose().context(context)?;
    for (_, writer) in [&stdout, &stderr].into_iter().flatten() {
        // Without the right to a larger one the ordinary size does.
        let _ = fcntl_setpipe_size(writer, ATTACH_BUFFER_BYTES);
    }
    let request = Request::Attach(AttachRequest {
        container_id: container.id.clone(),
        stdin: stdin.is_some(),
        stdout: stdout.is_some(),
        stderr: stderr.is_some(),
    });
    let passed =
        [stdin.as_ref().map(|pipe| &pipe.0), stdout.as_ref().map(|pipe| &pipe.1), stderr.as_ref().map(|pipe| &pipe.1)];
    let passed = passed.into_iter().flatten().map(AsFd::as_fd).collect::<Vec<_>>();
    let mut conversation = container.sandbox.shim.open(request, &passed).await?;
    conversation.answer().await?;
    let input = match (stdin, streams.stdin) {
        (Some((_, writer)), Some(stdin)) => Some((register(writer).context(context)?, stdin)),
        _ => None,
    };
    let over = watch::Sender::new(false);
    let mut outputs = Vec::new();
    for (pipe, stream) in [(stdout, streams.stdout), (stderr, streams.stderr)] {
        if let Some((reader, writer)) = pipe {
            drop(writer);
            // These end when the shim closes them, never by the signal that the rest is to be dropped.
            outputs.push((register(reader).context(context)?, stream));
        }
    }
    let (stdout, stderr) = (outputs.pop(), outputs.pop());
    let never = watch::Sender::new(false);
    let copied = async {
        if stdout.is_none() {
            container.ended().await;
        }
        tokio::join!(copy_if_any(stdout, never.subscribe()), copy_if_any(stderr, never.subscribe()));
        over.send_replace(true);
    };
    let resize = resize_container(container, streams.resize, over.subscribe());
    tokio::join!(copied, copy_input(input, over.subscribe()), resize);
    Ok(())
}

async fn copy_if_any(output: Option<(AsyncFd<OwnedFd>, Option<OutputStream>)>, never: watch::Receiver<bool>) {
    if let Some((reader, stream)) = output {
        copy_output(reader, stream, never).await;
    }
}

async fn resize_container(
    container: &Container,
    mut sizes: Option<mpsc::Receiver<TerminalSize>>,
    mut over: watch::Receiver<bool>,
) {
    loop {
        let size = tokio::select! {
            size = next_size(&mut sizes) => size,
            () = is_over(&mut over) => return,
        };
        let request = Request::Resize { container_id: container.id.clone(), width: size.width, height: size.height };
        if let Err(error) = container.sandbox.shim.call(request, &[]).await {
            tracing::debug!(%error, container = container.id, "the terminal keeps its size");
        }
    }
}

/// Keeps what is written to it, up to a limit.
#[derive(Clone, Default)]
struct Collector(Arc<std::sync::Mutex<Vec<u8>>>);

impl Collector {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut lock(&self.0))
    }
}

impl tokio::io::AsyncWrite for Collector {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        let mut collected = lock(&self.0);
        let room = OUTPUT_LIMIT_BYTES - collected.len();
        collected.extend_from_slice(&bytes[..bytes.len().min(room)]);
        std::task::Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}
