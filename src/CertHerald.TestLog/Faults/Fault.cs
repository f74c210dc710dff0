using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CertHerald.TestLog.Faults;

/// <summary>
/// One way in which a log shall misbehave, as somebody wrote it: <c>NAME[=ARG][,LIMIT]…</c>, for example
/// <c>flip=100,times=1</c> or <c>missing=100-200,for=30s</c>. Limits:
/// <list type="bullet">
/// <item><c>at=A</c> or <c>at=A-B</c>: entries A to B only.</item>
/// <item><c>times=N</c>: the first N answers it changes, or entries it shapes; then it is over.</item>
/// <item><c>for=TIME</c>: from when it is set, by the log's clock: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>; then it is over.</item>
/// <item><c>on=CALL[+CALL]…</c>: answers to these calls only.</item>
/// </list>
/// Immutable.
/// </summary>
public sealed class Fault
{
    private readonly string _text;
    private readonly FaultKind _kind;
    private readonly string _argument;

    private Fault(string text, FaultKind kind, string argument, FaultLimits limits) =>
        (_text, _kind, _argument, Limits) = (text, kind, argument, limits);

    /// <summary>Every name there is, in the order of the documentation.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. FaultKind.All.Select(kind => kind.Name)];

    /// <summary>Each name with the arguments it takes and what it does, for people.</summary>
    public static IReadOnlyList<(string Name, string Arguments, string Meaning)> Descriptions { get; } =
        [.. FaultKind.All.Select(kind => (kind.Name, kind.Arguments, kind.Meaning))];

    public string Name => _kind.Name;

    /// <summary>Whether it is of what is added to a log: to have an effect on a corpus, it is set before.</summary>
    public bool ShapesEntries => _kind.Shapes;

    internal FaultLimits Limits { get; }

    /// <summary>The name that a text begins with, known or not.</summary>
    public static string NameIn(string text) => text.Split(',', '=')[0].Trim();

    /// <param name="problem">What is wrong and what would be right, for people.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out Fault? fault, [NotNullWhen(false)] out string? problem)
    {
        fault = null;
        string[] parts = text.Trim().Split(',', StringSplitOptions.TrimEntries);
        (string name, string argument) = SplitAtEquals(parts[0]);
        if (FaultKind.All.FirstOrDefault(kind => kind.Name == name) is not { } kind)
        {
            problem = $"there is no fault \"{name}\"; there are: {string.Join(", ", Names)}";
            return false;
        }
        if (kind.Make(argument) is null)
        {
            problem = $"\"{name}\" takes {kind.Arguments}, not \"{argument}\"";
            return false;
        }
        if (!FaultLimits.TryParse(parts.AsSpan(1), kind, out FaultLimits? limits, out problem)) return false;

        fault = new Fault(text.Trim(), kind, argument, limits);
        return true;
    }

    /// <exception cref="FormatException">It is no fault; the message says why.</exception>
    public static Fault Parse(string text) =>
        TryParse(text, out Fault? fault, out string? problem) ? fault : throw new FormatException($"{text}: {problem}");

    public override string ToString() => _text;

    /// <summary>The fault at work in a log, from now on.</summary>
    internal ActiveFault Begin(Log log)
    {
        ActiveFault active = _kind.Make(_argument)!;
        active.Begin(this, log, Limits.On ?? _kind.Usually);
        return active;
    }

    private static (string Name, string Argument) SplitAtEquals(string text)
    {
        int at = text.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }
}

/// <summary>How far a fault goes.</summary>
/// <param name="At">Entries, both included.</param>
/// <param name="Times">Answers.</param>
internal sealed record FaultLimits((ulong First, ulong Last)? At, int? Times, TimeSpan? For, Calls? On)
{
    public static bool TryParse(
        ReadOnlySpan<string> texts, FaultKind kind, [NotNullWhen(true)] out FaultLimits? limits, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        limits = new FaultLimits(null, null, null, null);
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            (string name, string value) = equals < 0 ? (text, "") : (text[..equals], text[(equals + 1)..]);
            FaultLimits? next = name switch
            {
                "at" when kind.KnowsEntries && FaultArgument.Range(value) is { } range => limits with { At = range },
                "times" when FaultArgument.Number(value) is { } times and > 0 and <= int.MaxValue => limits with { Times = (int)times },
                "for" when FaultArgument.Time(value) is { } time => limits with { For = time },
                "on" when (CallNames.Parse(value) & kind.Possible) is var calls and not Calls.None => limits with { On = calls },
                _ => null,
            };
            if (next is null)
            {
                problem = name switch
                {
                    "at" when !kind.KnowsEntries => $"\"{kind.Name}\" concerns no entries in particular and takes no at=",
                    "at" => $"at= takes an index or a range as 100-200, not \"{value}\"",
                    "times" => $"times= takes a number from 1, not \"{value}\"",
                    "for" => $"for= takes a time as 500ms, 30s, 5m or 1h, not \"{value}\"",
                    "on" when kind.Possible == Calls.None => $"\"{kind.Name}\" concerns no calls and takes no on=",
                    "on" => $"on= takes calls joined by +, here of {CallNames.Describe(kind.Possible)}; not \"{value}\"",
                    _ => $"there is no limit \"{name}\"; there are: at=, times=, for=, on=",
                };
                return false;
            }
            limits = next;
        }
        return true;
    }
}

/// <summary>Reads what stands behind the equals sign. Null: it is something else.</summary>
internal static class FaultArgument
{
    public static ulong? Number(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : null;

    public static (ulong First, ulong Last)? Range(string text)
    {
        string[] ends = text.Split('-');
        return ends.Length <= 2 && Number(ends[0]) is { } first && Number(ends[^1]) is { } last && first <= last ? (first, last) : null;
    }

    public static TimeSpan? Time(string text)
    {
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0 || Number(text[..digits]) is not { } number || number > 1_000_000_000) return null;
        return text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => null,
        };
    }
}
