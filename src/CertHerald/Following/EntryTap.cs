using CertHerald.Transparency.Entries;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Following;

/// <summary>
/// Shows what is read of logs to one who wants to see it, as soon as it is committed. While nobody does, which is most of the time,
/// it costs a look at a field.
/// </summary>
internal sealed class EntryTap
{
    private volatile Action<LogDescription, RawBatch>? _listener;

    /// <param name="listener">Called by many at once, each of whom reads no further before it returns. Never throws, and keeps nothing of a batch.</param>
    public void Open(Action<LogDescription, RawBatch> listener) => _listener = listener;

    public void Close() => _listener = null;

    public void Pass(LogDescription log, RawBatch batch) => _listener?.Invoke(log, batch);
}
