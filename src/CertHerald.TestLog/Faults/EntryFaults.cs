using CertHerald.TestLog.Serving;

namespace CertHerald.TestLog.Faults;

/// <summary>F1: pages of 1, of 32, of any length.</summary>
internal sealed class PageFault(int? most) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument == "random" ? new PageFault(null)
        : FaultArgument.Number(argument) is { } most and > 0 and <= 1_000_000 ? new PageFault((int)most) : null;

    public override bool ReadsEntries(Question question) => Concerns(question);

    public override bool Change(Question question, List<ServedEntry> entries)
    {
        int keep = most ?? Random.Shared.Next(1, entries.Count + 1);
        if (keep >= entries.Count || !Take()) return false;
        entries.RemoveRange(keep, entries.Count - keep);
        return true;
    }
}

/// <summary>F2: CTFE cuts answers at multiples of its page, so that caches help.</summary>
internal sealed class AlignFault(ulong multiple) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument.Length == 0 ? new AlignFault(1000)
        : FaultArgument.Number(argument) is { } multiple and > 0 ? new AlignFault(multiple) : null;

    public override bool ReadsEntries(Question question) => Concerns(question);

    public override bool Change(Question question, List<ServedEntry> entries)
    {
        ulong most = multiple - entries[0].Index % multiple;
        if (most >= (ulong)entries.Count || !Take()) return false;
        entries.RemoveRange((int)most, entries.Count - (int)most);
        return true;
    }
}

/// <summary>F3: no entries, or one too many.</summary>
internal sealed class CountFault(bool none) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument switch
    {
        "none" => new CountFault(true),
        "more" => new CountFault(false),
        _ => null,
    };

    public override bool ReadsEntries(Question question) => Concerns(question);

    public override bool Change(Question question, List<ServedEntry> entries)
    {
        if (entries.Count == 0 || !Take()) return false;
        if (none)
        {
            entries.Clear();
            return true;
        }
        // One more than asked for, not than given: what the log cut off is made up by repeating.
        ulong asked = question.Number("end")!.Value - entries[0].Index + 1;
        while ((ulong)entries.Count <= Math.Min(asked, 100_000)) entries.Add(entries[^1]);
        return true;
    }
}

/// <summary>F4: most logs clip; some do not.</summary>
internal sealed class StrictEndFault : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument == "strict" ? new StrictEndFault() : null;

    public override Answer? Instead(Question question) =>
        Concerns(question) && question.Number("end") >= question.Log.Head.Size.Value && Take()
            ? Answer.Refusal(400, "The tree has no such end.")
            : null;
}

/// <summary>F17: a leaf on its way is not the one that was hashed; it can still be read.</summary>
internal sealed class FlipFault((ulong First, ulong Last)? range) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument.Length == 0 ? new FlipFault(null)
        : FaultArgument.Range(argument) is { } range ? new FlipFault(range) : null;

    private (ulong First, ulong Last)? Where => range ?? At;

    public override bool ReadsEntries(Question question) =>
        Concerns(question) && (Where is not { } where || question.AsksFor(where.First, where.Last));

    public override bool Change(Question question, List<ServedEntry> entries)
    {
        List<ServedEntry> flipped = Where is { } where
            ? entries.FindAll(entry => entry.Index >= where.First && entry.Index <= where.Last)
            : entries.Count == 0 ? [] : entries[..1];
        if (flipped.Count == 0 || !Take()) return false;
        // The last byte of the timestamp.
        foreach (ServedEntry entry in flipped) entry.LeafInput[9] ^= 1;
        return true;
    }
}

/// <summary>F18: a range that the log cannot give, while it gives what follows.</summary>
internal sealed class MissingFault(ulong first, ulong last, int status) : ActiveFault
{
    public static ActiveFault? Of(string argument)
    {
        string[] parts = argument.Split(':');
        int status = 500;
        return parts.Length <= 2 && FaultArgument.Range(parts[0]) is { } range && (parts.Length == 1 || (int.TryParse(parts[1], out status) && status is >= 400 and < 600))
            ? new MissingFault(range.First, range.Last, status)
            : null;
    }

    public override Answer? Instead(Question question)
    {
        if (!Concerns(question) || !question.AsksFor(first, last)) return null;
        // A tile is whole or not at all; get-entries may give what stands before.
        bool isCut = question.Call == Calls.GetEntries && question.Entries!.Value.First < first;
        return !isCut && Take() ? Answer.Refusal(status, "backend: these entries cannot be read") : null;
    }

    public override bool ReadsEntries(Question question) => question.Call == Calls.GetEntries && Concerns(question) && question.AsksFor(first, last);

    public override bool Change(Question question, List<ServedEntry> entries)
    {
        // Cutting is no refusal, and not counted.
        return IsOn && entries.RemoveAll(entry => entry.Index >= first) > 0;
    }
}

/// <summary>F32: tiles and entries before an index are no more.</summary>
internal sealed class PruneFault(ulong before) : ActiveFault
{
    public static ActiveFault? Of(string argument) => FaultArgument.Number(argument) is { } before and > 0 ? new PruneFault(before) : null;

    public override Answer? Instead(Question question)
    {
        if (!Concerns(question) || question.Entries is not { } asked) return null;
        bool isPruned = question.Call == Calls.GetEntries ? asked.First < before
            // Upper tiles stay: they prove the right edge.
            : question.Call == Calls.Tile && question.Tile!.Level > 0 ? false
            : asked.Last < before;
        return isPruned && Take() ? Answer.NotFound : null;
    }
}
