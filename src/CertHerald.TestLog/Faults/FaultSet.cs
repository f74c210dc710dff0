using System.Collections.Immutable;
using CertHerald.TestLog.Serving;

namespace CertHerald.TestLog.Faults;

/// <summary>The faults at work in a log. Immutable: a change is another set.</summary>
public sealed class FaultSet
{
    /// <summary>An honest log.</summary>
    public static FaultSet None { get; } = new([]);

    private FaultSet(ImmutableArray<ActiveFault> active) => Active = active;

    /// <summary>In the order in which they were set; each sees what those before it made.</summary>
    public IReadOnlyList<Fault> Faults => [.. Active.Select(active => active.Fault)];

    internal ImmutableArray<ActiveFault> Active { get; }

    internal static FaultSet Of(ImmutableArray<ActiveFault> active) => active.IsEmpty ? None : new FaultSet(active);

    /// <summary>What a log with these faults answers.</summary>
    /// <param name="honest">What it would answer, showing a head and a tree.</param>
    internal async Task<Answer> AnswerAsync(Question question, Func<LogView, Task<Answer>> honest)
    {
        LogView view = question.Log.View;
        if (question.Call == Calls.None) return await honest(view);

        foreach (ActiveFault fault in Active) await fault.WaitAsync(question);
        foreach (ActiveFault fault in Active)
            if (fault.Instead(question) is { } other) return other;
        foreach (ActiveFault fault in Active) view = fault.See(question, view);
        question.Shown = view;

        Answer answer = await honest(view);
        if (answer.Entries is { } range) answer = ChangeEntries(question, view, range, answer);
        foreach (ActiveFault fault in Active)
        {
            // What is sent in a way of its own is beyond change.
            if (answer.SendInstead is not null) break;
            answer = await fault.ChangeAsync(question, answer);
        }
        return answer;
    }

    private Answer ChangeEntries(Question question, LogView view, (ulong First, int Count) range, Answer answer)
    {
        ulong last = range.First + (ulong)range.Count - 1;
        bool isChanged = view.Other is { } other && other.Index >= range.First && other.Index <= last;
        if (!isChanged && !Active.Any(fault => fault.ReadsEntries(question))) return answer;

        List<ServedEntry> entries = ServedEntry.Read(view, question.Call, range.First, range.Count);
        foreach (ActiveFault fault in Active) isChanged |= fault.ReadsEntries(question) && fault.Change(question, entries);
        return isChanged ? ServedEntry.Write(question.Call, entries, answer) : answer;
    }
}
