using CertHerald.Inspecting;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Protecting;

/// <summary>
/// Keeps the sample of ordinary names, and weighs the rules of protected domains against it: what fires on many ordinary names says
/// little. Until the sample is large enough, which on public logs takes some minutes, words are weighed by a built-in guess.
/// </summary>
internal sealed partial class OrdinaryNames : BackgroundService
{
    /// <summary>Names that are kept. Their file has 64 bytes for each.</summary>
    public const int DefaultSize = 1_000_000;

    /// <summary>Fewer say nothing: one name in half a million that is found is two in a million, which is ordinary for a rule.</summary>
    public const int DefaultFewest = 500_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2), NoteInterval = TimeSpan.FromSeconds(30), CountInterval = TimeSpan.FromDays(1);

    private readonly NameSample _sample;
    private readonly ProtectedDomains _protected;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger<OrdinaryNames> _logger;
    private readonly byte[] _slots = new byte[1024 * NameSample.SlotLength];
    private SampleFile? _file;
    private bool _hasFailed;
    private long _counted;
    private long _countedAt, _notedAt;

    /// <param name="folder">The data directory.</param>
    public OrdinaryNames(NameSample sample, ProtectedDomains domains, string folder, TimeProvider time, ILogger<OrdinaryNames> logger)
    {
        (_sample, _protected, _time, _logger) = (sample, domains, time, logger);
        _path = Path.Combine(folder, SampleFile.Name);
    }

    /// <summary>As <see cref="DefaultFewest"/>; a test has fewer.</summary>
    public int Fewest { get; init; } = DefaultFewest;

    /// <summary>Names that are kept.</summary>
    public long Kept => _file?.Kept ?? 0;

    /// <summary>Whether rules are weighed against the sample, and no longer by a guess.</summary>
    public bool IsWeighed => _protected.Now is { IsEmpty: false } now && now.Owners.All(owner => owner.Index.IsWeighed);

    /// <summary>Every name that is kept; none while there is no file.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Names(CancellationToken cancellation)
    {
        foreach (ReadOnlyMemory<byte> name in _file?.Names() ?? [])
        {
            cancellation.ThrowIfCancellationRequested();
            yield return name;
        }
    }

    /// <summary>An index that is weighed against them.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public LookalikeIndex Weighed(LookalikeIndex index, CancellationToken cancellation) => index.With(index.Count(Names(cancellation)));

    /// <summary>Opens the file, if that was not done yet. What cannot be kept is not sampled; everything else goes on.</summary>
    public void Open()
    {
        if (_file is not null) return;
        try
        {
            _file = SampleFile.Open(_path, _sample.Size);
            _sample.Resume(_file.Kept, _file.Seen);
            _hasFailed = false;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Fail(failure);
        }
    }

    /// <summary>One look: keeps what was drawn, and weighs the rules again where that is due.</summary>
    /// <exception cref="OperationCanceledException">Stopped while it weighed: that is for the next start.</exception>
    public void Look(CancellationToken stopping)
    {
        Open();
        Try(() =>
        {
            Keep();
            if (_time.GetElapsedTime(_notedAt) >= NoteInterval) Note();
            if (_file!.Kept >= Fewest) Weigh(stopping);
        });
    }

    /// <summary>Lets go of the file, with all that was drawn.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // Still at work, against expectation: the file is its own, and the system closes it.
        if (ExecuteTask is { IsCompleted: false }) return;
        Try(() =>
        {
            Keep();
            Note();
        });
        _file?.Dispose();
        _file = null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                Look(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            await Task.Delay(Interval, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Weighs what is not weighed yet; all of it when the sample has doubled, and once a day after it has filled.</summary>
    private void Weigh(CancellationToken stopping)
    {
        long kept = _file!.Kept;
        bool isAllDue = (kept >= Math.Min(2 * _counted, _sample.Size) && _counted < _sample.Size) || _time.GetElapsedTime(_countedAt) >= CountInterval;
        OwnerProtection[] due = [.. _protected.Now.Owners.Where(owner => isAllDue || !owner.Index.IsWeighed)];
        if (due.Length == 0) return;
        foreach (OwnerProtection owner in due) _protected.Weigh(owner.Owner, Weighed(owner.Index, stopping));
        if (isAllDue) (_counted, _countedAt) = (kept, _time.GetTimestamp());
        int domains = due.Sum(owner => owner.Index.Domains.Count);
        LogWeighed(domains, kept);
    }

    private void Keep()
    {
        while (_sample.Take(_slots) is > 0 and int count) _file!.Put(_slots.AsSpan(0, count * NameSample.SlotLength));
    }

    private void Note()
    {
        _file!.Note(_sample.Seen);
        _notedAt = _time.GetTimestamp();
    }

    /// <summary>Does something with the file, if there is one.</summary>
    private void Try(Action work)
    {
        if (_file is null) return;
        try
        {
            work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Fail(failure);
        }
    }

    private void Fail(Exception failure)
    {
        if (!_hasFailed) LogNotKept(_path, failure.Message);
        _hasFailed = true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Look-alike rules of {Domains} protected domains are weighed against {Names} ordinary names")]
    private partial void LogWeighed(int domains, long names);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sample of ordinary names in {Path} cannot be kept, and is tried again: look-alikes are judged without what is new in it: {Problem}")]
    private partial void LogNotKept(string path, string problem);
}
