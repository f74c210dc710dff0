using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CertHerald.Following;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Api.Feeds;

/// <summary>
/// Every certificate that is read, for everybody who listens. Written once for all of them, on the thread that read it; while nobody
/// listens, nothing is.
/// </summary>
internal sealed partial class CertStream : BackgroundService
{
    /// <summary>How often listeners are told that the stream lives.</summary>
    public static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(30);

    private readonly CertStreamOptions _options;
    private readonly EntryTap _tap;
    private readonly TimeProvider _time;
    private readonly ILogger<CertStream> _logger;
    private readonly Counter<long> _messages;
    private readonly Counter<long> _dropped;
    private readonly Lock _changing = new();
    private readonly ConcurrentBag<CertStreamWriter> _writers = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenRegistration _stop;
    private volatile CertStreamClient[] _clients = [];
    private int _failures;

    public CertStream(CertStreamOptions options, EntryTap tap, TimeProvider time, Meter meter, IHostApplicationLifetime life, ILogger<CertStream> logger)
    {
        (_options, _tap, _time, _logger) = (options, tap, time, logger);
        _stop = life.ApplicationStopping.Register(_stopping.Cancel);
        meter.CreateObservableGauge("certherald_certstream_clients", () => _clients.Length, description: "Clients that listen to CertStream.");
        _messages = meter.CreateCounter<long>("certherald_certstream_messages_total", description: "Messages written for CertStream's clients, each once for all.");
        _dropped = meter.CreateCounter<long>("certherald_certstream_dropped_total", description: "Clients of CertStream that were too slow, and cut off.");
    }

    public CertStreamOptions Options => _options;

    /// <summary>Ends with the service.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Lets a client listen.</summary>
    /// <returns>False if as many listen as may.</returns>
    public bool TryAdd(CertStreamClient client)
    {
        lock (_changing)
        {
            if (_clients.Length >= _options.Clients) return false;
            _clients = [.. _clients, client];
            _tap.Open(Pass);
        }
        Joined(client.Name, client.Kind, _clients.Length);
        return true;
    }

    public void Remove(CertStreamClient client)
    {
        lock (_changing)
        {
            _clients = [.. _clients.Where(one => one != client)];
            if (_clients.Length == 0) _tap.Close();
        }
        if (!client.WasTooSlow)
        {
            Left(client.Name, client.Sent);
            return;
        }
        _dropped.Add(1);
        Dropped(client.Name, client.Sent);
    }

    public override void Dispose()
    {
        _stop.Dispose();
        _stopping.Dispose();
        while (_writers.TryTake(out CertStreamWriter? writer)) writer.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(HeartbeatEvery, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            CertStreamClient[] clients = _clients;
            if (clients.Length == 0 || stoppingToken.IsCancellationRequested) continue;
            byte[] beat = CertStreamWriter.Heartbeat(_time.GetUtcNow());
            foreach (CertStreamClient client in clients) client.Offer(beat);
        }
    }

    private void Pass(LogDescription log, RawBatch batch)
    {
        CertStreamClient[] clients = _clients;
        CertStreamKinds wanted = CertStreamKinds.None;
        foreach (CertStreamClient client in clients) wanted |= client.Kind;
        DateTimeOffset now = _time.GetUtcNow();
        CertStreamWriter writer = _writers.TryTake(out CertStreamWriter? kept) ? kept : new CertStreamWriter();
        int failures = 0;
        for (int place = 0; place < batch.Count; place++)
            foreach (CertStreamKinds kind in (ReadOnlySpan<CertStreamKinds>)[CertStreamKinds.Lite, CertStreamKinds.Full, CertStreamKinds.Domains])
                if ((wanted & kind) != 0 && !TrySend(writer, log, batch[place], kind, now, clients))
                    failures++;
        if (writer.IsLarge || failures > 0) writer.Dispose();
        else _writers.Add(writer);
    }

    private bool TrySend(CertStreamWriter writer, LogDescription log, RawEntry entry, CertStreamKinds kind, DateTimeOffset now, CertStreamClient[] clients)
    {
        try
        {
            if (writer.Write(log, entry, kind, now) is not { } message) return true;
            _messages.Add(1);
            foreach (CertStreamClient client in clients)
                if (client.Kind == kind) client.Offer(message);
            return true;
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            // A defect of ours in what is only shown must not keep the log from being read. Said once.
            if (Interlocked.Increment(ref _failures) == 1) Failed(defect, log.Description, entry.Index.Value);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "CertStream: {Client} listens ({Kind}), one of {Clients}")]
    private partial void Joined(string client, CertStreamKinds kind, int clients);

    [LoggerMessage(Level = LogLevel.Information, Message = "CertStream: {Client} has left after {Messages} messages")]
    private partial void Left(string client, long messages);

    [LoggerMessage(Level = LogLevel.Warning, Message = "CertStream: {Client} was too slow after {Messages} messages, and was cut off")]
    private partial void Dropped(string client, long messages);

    [LoggerMessage(Level = LogLevel.Error, Message = "CertStream: an entry of {Log} could not be written ({Index}); further ones are left out in silence")]
    private partial void Failed(Exception defect, string log, ulong index);
}
