using System.Text.Json.Nodes;
using CertHerald.TestLog.Serving;

namespace CertHerald.TestLog.Faults;

/// <summary>
/// A fault at work in one log: it remembers what it has done. Each member is a moment at which a log can lie; a fault overrides
/// those that are its own. Called from many threads at once.
/// </summary>
internal abstract class ActiveFault : IDisposable
{
    private int _left;
    private long _answers;
    private ITimer? _end;

    public Fault Fault { get; private set; } = null!;

    protected Log Log { get; private set; } = null!;

    /// <summary>What it concerns.</summary>
    protected Calls Calls { get; private set; }

    protected (ulong First, ulong Last)? At => Fault.Limits.At;

    /// <summary>How many answers it has changed, or entries it has shaped.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    /// <summary>How many more it may; null for any number.</summary>
    public int? Left => Fault.Limits.Times is null ? null : Math.Max(0, Volatile.Read(ref _left));

    public void Begin(Fault fault, Log log, Calls calls)
    {
        (Fault, Log, Calls) = (fault, log, calls);
        _left = fault.Limits.Times ?? UsualTimes;
        if (fault.Limits.For is { } time) _end = log.Options.Time.CreateTimer(_ => log.End(this), null, time, Timeout.InfiniteTimeSpan);
        Began();
    }

    public void Dispose()
    {
        _end?.Dispose();
        Ended();
    }

    /// <summary>How often it happens if nobody says how often.</summary>
    protected virtual int UsualTimes => int.MaxValue;

    protected virtual void Began()
    {
    }

    protected virtual void Ended()
    {
    }

    /// <summary>Lets time pass before anything is answered.</summary>
    public virtual ValueTask WaitAsync(Question question) => ValueTask.CompletedTask;

    /// <summary>An answer in place of the log's own; null lets the log answer.</summary>
    public virtual Answer? Instead(Question question) => null;

    /// <summary>Which head the log shows, and what tree below it.</summary>
    public virtual LogView See(Question question, LogView view) => view;

    /// <summary>Whether <see cref="Change(Question, List{ServedEntry})"/> shall see the entries of this answer, which costs time.</summary>
    public virtual bool ReadsEntries(Question question) => false;

    /// <summary>Changes entries on their way, of get-entries or of a data tile. Their hashes stay.</summary>
    public virtual bool Change(Question question, List<ServedEntry> entries) => false;

    /// <summary>The finished answer, or another in its place.</summary>
    public virtual ValueTask<Answer> ChangeAsync(Question question, Answer answer) => new(answer);

    /// <summary>What the log says of itself in its list.</summary>
    public virtual void ChangeList(LogServer server, JsonObject list)
    {
    }

    /// <summary>What is added to the tree in place of an entry: it may change, and others may come before or after it.</summary>
    public virtual void Shape(ulong first, List<AddedRow> rows)
    {
    }

    /// <summary>What becomes of new connections.</summary>
    public virtual ConnectionFault Connections => ConnectionFault.None;

    protected bool Concerns(Question question) => (Calls & question.Call) != Calls.None;

    /// <summary>Uses one of the times that the fault may happen; false if none is left. To be asked last, right before lying.</summary>
    protected bool Take()
    {
        if (_left == int.MaxValue)
        {
            Interlocked.Increment(ref _answers);
            return true;
        }
        int left = Interlocked.Decrement(ref _left);
        if (left < 0) return false;
        Interlocked.Increment(ref _answers);
        if (left == 0) Log.End(this);
        return true;
    }

    /// <summary>Whether it may still happen, for what is not counted.</summary>
    protected bool IsOn => Volatile.Read(ref _left) > 0;
}

/// <summary>How a server treats new connections while a fault is on.</summary>
internal enum ConnectionFault { None, Refused, ExpiredTls }
