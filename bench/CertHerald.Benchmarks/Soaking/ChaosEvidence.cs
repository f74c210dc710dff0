using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>Trouble that was made, from when to when; it may be why something was sent twice.</summary>
internal sealed record Trouble(string Name, TimeSpan From, TimeSpan Until);

/// <summary>An attempt as the API tells of it.</summary>
internal sealed record ToldAttempt(DateTimeOffset Started, int? Status, string Outcome, bool Counted);

/// <summary>A delivery as the API tells of it.</summary>
internal sealed record ToldDelivery(string Id, string Webhook, string Key, string State, int Tries, string? BodyHash, IReadOnlyList<ToldAttempt> Attempts)
{
    public static ToldDelivery Read(JsonElement told) => new(
        told.GetProperty("id").GetString()!,
        told.GetProperty("webhook").GetString()!,
        told.GetProperty("key").GetString()!,
        told.GetProperty("state").GetString()!,
        told.GetProperty("tries").GetInt32(),
        told.GetProperty("body").GetString() is { } body ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body))) : null,
        [.. told.GetProperty("attempts").EnumerateArray().Select(attempt => new ToldAttempt(
            attempt.GetProperty("started").GetDateTimeOffset(),
            attempt.GetProperty("status") is { ValueKind: JsonValueKind.Number } status ? status.GetInt32() : null,
            attempt.GetProperty("outcome").GetString()!,
            attempt.GetProperty("counted").GetBoolean()))]);
}

/// <summary>How far a log was read, as the API told at some moment.</summary>
internal sealed record SeenPosition(string Log, long Read, long Proven);

/// <summary>All that is known of a round once all is quiet, and what is wrong with it.</summary>
/// <param name="Owed">By webhook: what it must have been told of, of the known set. Of others, what they got need only fit what the API tells.</param>
/// <param name="Positions">In the order in which they were seen.</param>
/// <param name="IsClockTrue">The clock that counts was not set back.</param>
internal sealed record ChaosEvidence(
    IReadOnlyDictionary<string, IReadOnlySet<string>> Owed, IReadOnlyList<LedgerLine> Ledger, IReadOnlyList<ToldDelivery> Deliveries,
    IReadOnlyList<Trouble> Troubles, IReadOnlyList<SeenPosition> Positions, double OldestDue, bool IsClockTrue, int Nodes)
{
    /// <summary>So long, in seconds, nothing may wait that could leave.</summary>
    public const double LongestDue = 120;

    /// <summary>Requests that a node can have under way at once to a webhook.</summary>
    private const int MostUnderWay = 8;

    /// <summary>A receiver that answered later may have been given up before.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Requests that brought what had been taken before.</summary>
    public int Duplicates => Ledger.Where(line => line.IsTaken).GroupBy(line => (line.Webhook, line.Key)).Sum(same => same.Count() - 1);

    public int Lost => LostOnes().Count();

    /// <summary>What one fault can double.</summary>
    private int MostDoubled => MostUnderWay * Owed.Count * Nodes;

    /// <summary>What must not be, in words.</summary>
    public IEnumerable<string> Wrong() =>
    [
        .. LostOnes().Select(lost => $"lost: {lost}"),
        .. Strangers(), .. Keys(), .. Doubled(), .. Attempts(), .. Backwards(),
        .. OldestDue < LongestDue ? (IEnumerable<string>)[] : [string.Create(CultureInfo.InvariantCulture, $"the oldest delivery has been due for {OldestDue:0} s")],
    ];

    /// <summary>
    /// Each of these is what the checks are there for. Told to them, each must be found: a check that finds nothing proves nothing.
    /// </summary>
    public IEnumerable<(string Name, ChaosEvidence Told)> Lies()
    {
        if (Ledger.FirstOrDefault(line => line.IsTaken && Owed.ContainsKey(line.Webhook)) is not { } one) yield break;
        LedgerLine later = one with { Came = Ledger[^1].Came + TimeSpan.FromMinutes(1) };
        yield return ("a lost delivery", this with { Ledger = [.. Ledger.Where(line => line.Webhook != one.Webhook || line.Subject != one.Subject)] });
        yield return ("an alert of nothing", this with { Ledger = [.. Ledger, one with { Subject = "never logged" }] });
        yield return ("a second key", this with { Ledger = [.. Ledger, one with { Key = Guid.NewGuid().ToString() }] });
        yield return ("a second body", this with { Ledger = [.. Ledger, later with { BodyHash = "other" }], Troubles = [new Trouble("any", TimeSpan.Zero, TimeSpan.MaxValue)] });
        yield return ("a repetition without a reason", this with { Ledger = [.. Ledger, later], Troubles = [] });
        yield return ("too many repetitions", this with { Ledger = [.. Ledger, .. Enumerable.Repeat(later, MostDoubled + 1)], Troubles = [new Trouble("any", TimeSpan.Zero, TimeSpan.MaxValue)] });
        yield return ("a position that went back", this with { Positions = [.. Positions, new SeenPosition("any", 2, 1), new SeenPosition("any", 1, 1)] });
        yield return ("a delivery that waits", this with { OldestDue = LongestDue + 1 });
        if (Deliveries.FirstOrDefault(delivery => delivery.Attempts.Count > 0) is not { } told) yield break;
        yield return ("an answer that nobody gave", this with { Deliveries = [.. Deliveries.Select(delivery => delivery != told ? delivery : delivery with { Attempts = [told.Attempts[0] with { Status = 418 }, .. told.Attempts] })] });
        yield return ("an attempt too many", this with { Deliveries = [.. Deliveries.Select(delivery => delivery != told ? delivery : delivery with { Attempts = [.. told.Attempts, told.Attempts[^1]] })] });
        yield return ("a delivery that is not done", this with { Deliveries = [.. Deliveries.Select(delivery => delivery != told ? delivery : delivery with { State = "pending" })] });
    }

    private IEnumerable<string> LostOnes()
    {
        ILookup<string, string> taken = Ledger.Where(line => line.IsTaken).ToLookup(line => line.Webhook, line => line.Subject);
        foreach ((string webhook, IReadOnlySet<string> owed) in Owed)
        {
            HashSet<string> got = [.. taken[webhook]];
            foreach (string lost in owed.Where(subject => !got.Contains(subject))) yield return $"{lost} for {webhook}";
        }
    }

    private IEnumerable<string> Strangers() => Ledger
        .Where(line => Owed.TryGetValue(line.Webhook, out IReadOnlySet<string>? owed) && !owed.Contains(line.Subject))
        .Select(line => $"{line.Webhook} was told of {line.Subject}, which was not logged");

    /// <summary>A subject has one key, and a key one body, both known to the program.</summary>
    private IEnumerable<string> Keys()
    {
        foreach (IGrouping<(string Webhook, string Subject), LedgerLine> same in Ledger.GroupBy(line => (line.Webhook, line.Subject)))
            if (same.DistinctBy(line => line.Key).Count() > 1)
                yield return $"{same.Key.Subject} came to {same.Key.Webhook} under the keys {string.Join(", ", same.Select(line => line.Key).Distinct())}";

        Dictionary<(string, string), ToldDelivery> known = Deliveries.ToDictionary(delivery => (delivery.Webhook, delivery.Key));
        foreach (IGrouping<(string Webhook, string Key), LedgerLine> same in Ledger.GroupBy(line => (line.Webhook, line.Key)))
        {
            if (same.DistinctBy(line => line.BodyHash).Count() > 1) yield return $"{same.Key.Key} came to {same.Key.Webhook} with {same.DistinctBy(line => line.BodyHash).Count()} bodies";
            if (!known.TryGetValue(same.Key, out ToldDelivery? delivery)) yield return $"{same.Key.Webhook} got the key {same.Key.Key}, which the program does not know";
            else if (delivery.BodyHash != same.First().BodyHash) yield return $"delivery {delivery.Id} shows another body than came";
        }
    }

    /// <summary>What was taken comes again only if something happened in between, and not more than can have been under way.</summary>
    private IEnumerable<string> Doubled()
    {
        var doubled = new Dictionary<Trouble, int>();
        foreach (IGrouping<(string Webhook, string Key), LedgerLine> same in Ledger.GroupBy(line => (line.Webhook, line.Key)))
        {
            LedgerLine? before = null;
            foreach (LedgerLine line in same)
            {
                if (before is not null)
                {
                    if (Troubles.FirstOrDefault(trouble => trouble.From <= line.Came && trouble.Until >= before.Came) is { } cause) doubled[cause] = doubled.GetValueOrDefault(cause) + 1;
                    else if (before.Ended - before.Came < Patience)
                        yield return string.Create(CultureInfo.InvariantCulture, $"{same.Key.Webhook} took {same.Key.Key} at {before.Ended.TotalSeconds:0.0} s and got it again at {line.Came.TotalSeconds:0.0} s, without any trouble in between");
                }
                if (line.IsTaken) before = line;
            }
        }
        foreach ((Trouble cause, int times) in doubled)
            if (times > MostDoubled)
                yield return string.Create(CultureInfo.InvariantCulture, $"{times} requests were repeated for one {cause.Name} at {cause.From.TotalSeconds:0.0} s: more than can have been under way");
    }

    /// <summary>Attempts are in order, and tell what the receiver answered, in its order; they end with the one that was taken.</summary>
    private IEnumerable<string> Attempts()
    {
        ILookup<(string, string), int> answers = Ledger.Where(line => line.Answer is not null).ToLookup(line => (line.Webhook, line.Key), line => line.Answer!.Value);
        foreach (ToldDelivery delivery in Deliveries)
        {
            if (delivery.State != "done") yield return $"delivery {delivery.Id} to {delivery.Webhook} is {delivery.State}";
            int delivered = delivery.Attempts.Count(attempt => attempt.Outcome == "delivered");
            if (delivery.State == "done" && (delivered != 1 || delivery.Attempts[^1].Outcome != "delivered"))
                yield return $"delivery {delivery.Id} is done, and its attempts are {Outcomes(delivery)}";
            if (delivery.Tries > delivery.Attempts.Count(attempt => attempt.Counted)) yield return $"delivery {delivery.Id} has {delivery.Tries} tries, and its attempts are {Outcomes(delivery)}";

            if (IsClockTrue)
                for (int i = 1; i < delivery.Attempts.Count; i++)
                    if (delivery.Attempts[i].Started < delivery.Attempts[i - 1].Started)
                        yield return $"attempt {i + 1} of delivery {delivery.Id} began before the one before it";

            // Not every answer is on record: who was killed before, asked again.
            using IEnumerator<int> given = answers[(delivery.Webhook, delivery.Key)].GetEnumerator();
            foreach (int status in delivery.Attempts.Select(attempt => attempt.Status).OfType<int>())
            {
                bool isFound = false;
                while (!isFound && given.MoveNext()) isFound = given.Current == status;
                if (isFound) continue;
                yield return $"delivery {delivery.Id} to {delivery.Webhook}: on record are {Outcomes(delivery)}; the receiver answered {string.Join(", ", answers[(delivery.Webhook, delivery.Key)])}";
                break;
            }
        }

        static string Outcomes(ToldDelivery delivery) => string.Join(", ", delivery.Attempts.Select(attempt => $"{attempt.Outcome} {attempt.Status}".TrimEnd()));
    }

    private IEnumerable<string> Backwards()
    {
        var last = new Dictionary<string, SeenPosition>();
        foreach (SeenPosition seen in Positions)
        {
            if (last.TryGetValue(seen.Log, out SeenPosition? before) && (seen.Read < before.Read || seen.Proven < before.Proven))
                yield return $"{seen.Log} was read to {before.Read} and proven to {before.Proven}, then to {seen.Read} and {seen.Proven}";
            last[seen.Log] = seen;
        }
    }
}
