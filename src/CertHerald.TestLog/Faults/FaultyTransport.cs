using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace CertHerald.TestLog.Faults;

/// <summary>A listening socket that is gone while a fault says so, and comes back at the same port.</summary>
internal sealed class FaultyTransport : IConnectionListenerFactory, IDisposable
{
    private readonly Log _log;
    private readonly IConnectionListenerFactory _sockets;
    private readonly List<Listener> _listeners = [];

    public FaultyTransport(Log log, IConnectionListenerFactory sockets)
    {
        (_log, _sockets) = (log, sockets);
        log.FaultsChanged += Follow;
    }

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = new Listener(_sockets, await _sockets.BindAsync(endpoint, cancellationToken));
        _listeners.Add(listener);
        Follow();
        return listener;
    }

    public void Dispose() => _log.FaultsChanged -= Follow;

    private void Follow()
    {
        bool refuses = _log.Faults.Active.Any(fault => fault.Connections == ConnectionFault.Refused);
        foreach (Listener listener in _listeners) listener.Set(refuses);
    }

    private sealed class Listener(IConnectionListenerFactory sockets, IConnectionListener first) : IConnectionListener
    {
        private readonly Lock _gate = new();
        private readonly CancellationTokenSource _unbound = new();
        private IConnectionListener _socket = first;
        private TaskCompletionSource? _shut;

        public EndPoint EndPoint { get; } = first.EndPoint;

        /// <summary>Shuts the socket or lets it open again; it is shut when this returns.</summary>
        public void Set(bool refuses)
        {
            lock (_gate)
            {
                if (refuses == _shut is not null) return;
                if (!refuses)
                {
                    _shut!.SetResult();
                    _shut = null;
                    return;
                }
                _shut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _socket.UnbindAsync().AsTask().Wait();
            }
        }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                if (await _socket.AcceptAsync(cancellationToken) is { } connection) return connection;
                Task? opens;
                lock (_gate) opens = _shut?.Task;
                if (opens is null && !_unbound.IsCancellationRequested) opens = Task.CompletedTask;
                if (opens is null || _unbound.IsCancellationRequested) return null;

                await opens.WaitAsync(_unbound.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_unbound.IsCancellationRequested) return null;
                await _socket.DisposeAsync();
                _socket = await sockets.BindAsync(EndPoint, cancellationToken);
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await _socket.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await _socket.DisposeAsync();
            _unbound.Dispose();
        }
    }
}

/// <summary>TLS before HTTP, where there is any: with the certificate of the server, or, by a fault, with one of last year.</summary>
internal static class TlsFront
{
    private static readonly Lazy<X509Certificate2> Expired = new(Make);

    /// <param name="certificate">With its key; null: plain, if no fault has it otherwise.</param>
    public static async Task ServeAsync(Log log, X509Certificate2? certificate, ConnectionContext connection, ConnectionDelegate next)
    {
        if (log.Faults.Active.Any(fault => fault.Connections == ConnectionFault.ExpiredTls)) certificate = Expired.Value;
        if (certificate is null)
        {
            await next(connection);
            return;
        }
        IDuplexPipe plain = connection.Transport;
        await using var secured = new SslStream(new DuplexStream(plain.Input.AsStream(), plain.Output.AsStream()));
        try
        {
            await secured.AuthenticateAsServerAsync(certificate);
            connection.Transport = new DuplexPipe(PipeReader.Create(secured), PipeWriter.Create(secured));
            await next(connection);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
        {
            connection.Abort();
        }
        finally
        {
            connection.Transport = plain;
        }
    }

    private static X509Certificate2 Make()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddYears(-2), now.AddYears(-1));
        // SslStream on some systems takes only keys that came from a file.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Reads from one stream, writes to another.</summary>
    private sealed class DuplexStream(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            output.WriteAsync(buffer, cancellationToken);

        public override void Flush() => output.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
