using System.Text;
using CertHerald.TestLog.Serving;

namespace CertHerald.TestLog.Faults;

/// <summary>F28: a host that keeps full tiles only.</summary>
internal sealed class PartialFault(int status) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument switch
    {
        "" or "404" => new PartialFault(404),
        "410" => new PartialFault(410),
        _ => null,
    };

    public override Answer? Instead(Question question) =>
        Concerns(question) && question.Tile is { Count: < 256 } && Take() ? Answer.NotFound with { Status = status } : null;
}

/// <summary>F28, tiles that come late; F29, tiles of other lengths; F30, tiles that disagree with those above or below.</summary>
internal sealed class TileFault(string form) : ActiveFault
{
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(60);

    private readonly Dictionary<ulong, DateTimeOffset> _asked = [];
    private ulong _sizeBefore;
    private int _turn = -1;

    public static ActiveFault? Of(string argument) => argument is "lag" or "len" or "flip" ? new TileFault(argument) : null;

    // What was there before the fault stays.
    protected override void Began() => _sizeBefore = Log.Head.Size.Value;

    public override Answer? Instead(Question question) =>
        form == "lag" && Concerns(question) && IsLate(question) && Take() ? Answer.NotFound : null;

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        bool isOurs = form != "lag" && answer.Status == 200 && Concerns(question) && (At is not { } at || question.AsksFor(at.First, at.Last));
        if (!isOurs || !Take()) return answer;
        byte[] body = await answer.BodyAsync(question.Gone);
        if (form == "flip")
        {
            // In data: the timestamp of the first entry, so that all can still be read.
            body[7] ^= 1;
            return answer.WithBody(body);
        }
        return answer.WithBody((Interlocked.Increment(ref _turn) % 3) switch
        {
            0 => body[..^1],
            1 => [.. body, 0],
            _ => [],
        });
    }

    /// <summary>A tile with entries that were not there when the fault began comes so long after it was first asked for.</summary>
    private bool IsLate(Question question)
    {
        if (question.Entries is not { } entries || question.Log.Head.Size.Value <= _sizeBefore || entries.Last < _sizeBefore) return false;
        lock (_asked)
        {
            DateTimeOffset now = Log.Options.Time.GetUtcNow();
            ulong size = question.Log.Head.Size.Value;
            _asked.TryAdd(size, now);
            return now - _asked.Where(asked => asked.Key > entries.Last || asked.Key == size).Min(asked => asked.Value) < Lag;
        }
    }
}

/// <summary>F33: issuers that are absent, others, or never come.</summary>
internal sealed class IssuerFault(string form) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument is "404" or "wrong" or "slow" ? new IssuerFault(argument) : null;

    public override Answer? Instead(Question question) => form == "404" && Concerns(question) && Take() ? Answer.NotFound : null;

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (form == "404" || answer.Status != 200 || !Concerns(question) || !Take()) return answer;
        if (form == "slow") return answer with { SendInstead = PartOf.ThenNothing };
        byte[] body = await answer.BodyAsync(question.Gone);
        body[^1] ^= 1;
        return answer.WithBody(body);
    }
}

/// <summary>F34: what may stand in a checkpoint, and what may not.</summary>
internal sealed class NoteFault(string form) : ActiveFault
{
    public static ActiveFault? Of(string argument) =>
        argument is "grease" or "cosigned" or "origin" or "cr" or "line" or "failing" ? new NoteFault(argument) : null;

    public override ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (answer.Status != 200 || !Concerns(question) || !Take()) return new(answer);
        string origin = question.Server.Origin;
        PublishedHead head = question.Shown!.Head;
        string text = StaticCtCalls.NoteText(origin, head), ours = StaticCtCalls.SignatureLine(Log, origin, head);
        string note = form switch
        {
            "grease" => $"{text}\n{Line("grease.invalid", 76)}{ours}{Line(origin, 33)}",
            // Type 1, Ed25519, and type 4, a timestamped cosignature.
            "cosigned" => $"{text}\n{ours}{Line("witness.example/w1", 4 + 64)}{Line("witness.example/w2", 4 + 8 + 64)}{Line("witness.example/mldsa", 4 + 8 + 2420)}",
            "origin" => StaticCtCalls.NoteText("another.example/log", head) + "\n" + StaticCtCalls.SignatureLine(Log, "another.example/log", head),
            "cr" => text.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n" + ours,
            "line" => $"{text}extension data\n\n{ours}",
            _ => $"{text}\n{ours}{StaticCtCalls.SignatureLine(Log, origin, head with { StaticCtSignature = Spoiled(head.StaticCtSignature) })}",
        };
        return new(answer.WithBody(Encoding.UTF8.GetBytes(note)));
    }

    private static byte[] Spoiled(ReadOnlyMemory<byte> signature)
    {
        byte[] bytes = signature.ToArray();
        bytes[^1] ^= 1;
        return bytes;
    }

    private static string Line(string name, int length)
    {
        byte[] bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return $"— {name} {Convert.ToBase64String(bytes)}\n";
    }
}
