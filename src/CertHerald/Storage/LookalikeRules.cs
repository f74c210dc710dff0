using CertHerald.Deciding;
using CertHerald.Inspecting;

namespace CertHerald.Storage;

/// <summary>What both stores go by: which look-alikes are one, which are told of, to whom, and in which parts. Pure.</summary>
internal static class LookalikeRules
{
    /// <summary>Protected domains of one owner that one registrable domain imitates to be one bulk finding.</summary>
    public const int BulkFrom = 4;

    /// <summary>Without a certificate for so long, the next one is told of.</summary>
    public static TimeSpan Silence { get; } = TimeSpan.FromDays(30);

    /// <summary>Names that a look-alike keeps. More are counted with their certificates.</summary>
    public const int MostNames = 1_000;

    /// <summary>Names that are told of at once: a body shall be no larger than its receivers take.</summary>
    public const int MostToldAtOnce = 200;

    /// <summary>
    /// Bytes of a body that tells by domain, and those of it that are neither names nor certificate. In it a certificate takes 1.4
    /// times its bytes; the one that follows a precertificate may be a little longer.
    /// </summary>
    private const int MostBytesAtOnce = 100_000, BytesAround = 2_000;

    /// <summary>Whether a registrable domain that imitates so many of an owner's domains is one finding. An app is told of each, as its dialect has it.</summary>
    public static bool IsBulk(string owner, int domains) => owner == ProtectedDomainOwners.Operator && domains >= BulkFrom;

    /// <summary>What becomes of one registrable domain's imitations of one owner's domains, as a certificate shows them.</summary>
    /// <param name="matches">Of one owner and one registrable domain; not empty.</param>
    /// <param name="before">What there was of it before: the bulk finding, those of the same domains, and of others as many as make one.</param>
    public static LookalikePlan Plan(IReadOnlyList<LookalikeMatch> matches, IReadOnlyList<LookalikeRow> before, DateTimeOffset now)
    {
        LookalikeRow? bulk = RowOf("");
        bool isBulk = bulk is not null || IsBulk(matches[0].Owner, before.Select(row => row.Domain).Union(matches.Select(match => match.Domain), StringComparer.Ordinal).Count());
        var steps = new List<LookalikeStep>();
        var open = new List<LookalikeMatch>();
        foreach (LookalikeMatch match in matches)
        {
            LookalikeRow? row = RowOf(match.Domain);
            string? change = isBulk ? null : row is null ? LookalikeChanges.New : row.IsDueAgain(now) ? LookalikeChanges.Again : null;
            steps.Add(new LookalikeStep(row?.Id, match, match.Domain, isBulk ? LookalikeState.Bulk : LookalikeState.Open, change, [match]));
            LookalikeState? state = row is null or { State: LookalikeState.Bulk } ? bulk?.State : row.State;
            if (state is not (LookalikeState.Dismissed or LookalikeState.Allowed)) open.Add(match);
        }
        if (isBulk)
        {
            LookalikeMatch best = matches.MaxBy(match => match.Names[0].Score)!;
            string? change = bulk is null ? LookalikeChanges.Bulk : bulk.IsDueAgain(now) ? LookalikeChanges.Again : null;
            steps.Add(new LookalikeStep(bulk?.Id, best with { Names = [best.Names[0]] }, "", LookalikeState.Open, change, matches));
        }
        return new LookalikePlan(steps, open, MakesBulk: isBulk && bulk is null);

        LookalikeRow? RowOf(string domain) => before.FirstOrDefault(row => row.Domain == domain);
    }

    /// <summary>What is told of one certificate, and to whom.</summary>
    /// <param name="told">What there is to tell, of any owner.</param>
    /// <param name="open">All that the certificate shows and nobody closed, told of before or not.</param>
    /// <param name="derLength">Of the certificate.</param>
    public static IEnumerable<LookalikeTelling> Tellings(
        IReadOnlyList<ToldLookalike> told, IReadOnlyList<LookalikeMatch> open, IReadOnlyList<Subscription> subscriptions, int derLength) =>
        from one in told.GroupBy(one => one.Best.Owner, StringComparer.Ordinal)
        from listeners in subscriptions.Where(subscription => subscription.Owner == one.Key).GroupBy(subscription => subscription.TellsByDomain)
        from telling in listeners.Key ? ByDomain([.. one], [.. open.Where(match => match.Owner == one.Key)], derLength) : one.SelectMany(ByFinding)
        select telling with { Webhooks = [.. listeners.Select(listener => listener.Webhook)] };

    /// <summary>By finding: what one registrable domain imitates, in parts that receivers can take.</summary>
    private static IEnumerable<LookalikeTelling> ByFinding(ToldLookalike told)
    {
        IEnumerable<(string Domain, LookalikeName Name)> all =
            from match in told.Matches
            orderby match.Names[0].Score descending, match.Domain
            from name in match.Names
            select (match.Domain, name);
        return all.Chunk(MostToldAtOnce).Select(part => new LookalikeTelling(told.Lookalike, told.Change,
            [.. part.GroupBy(one => one.Domain, one => one.Name, StringComparer.Ordinal).Select(one => new AlertedNames(one.Key, [.. one]))], []));
    }

    /// <summary>
    /// By protected domain: all names of the certificate that imitate it, below whatever registrable domains. As a whole it is what
    /// the strongest of those is that are told of now.
    /// </summary>
    private static IEnumerable<LookalikeTelling> ByDomain(IReadOnlyList<ToldLookalike> told, IReadOnlyList<LookalikeMatch> open, int derLength) =>
        from one in told.SelectMany(one => one.Matches.Where(open.Contains), (one, match) => (Told: one, Match: match)).GroupBy(one => one.Match.Domain, StringComparer.Ordinal)
        let strongest = one.MaxBy(each => each.Match.Names[0].Score).Told
        from part in Parts(
            open.Where(match => match.Domain == one.Key).SelectMany(match => match.Names).OrderByDescending(name => name.Score).ThenBy(name => name.Name, StringComparer.Ordinal),
            MostBytesAtOnce - BytesAround - (int)(derLength * 1.4))
        select new LookalikeTelling(strongest.Lookalike, strongest.Change, [new AlertedNames(one.Key, part)], []);

    /// <summary>At least one name in each.</summary>
    private static IEnumerable<IReadOnlyList<LookalikeName>> Parts(IEnumerable<LookalikeName> names, int mostBytes)
    {
        var part = new List<LookalikeName>();
        int bytes = 0;
        foreach (LookalikeName name in names)
        {
            // In quotation marks, with a comma; what is not plain takes six.
            int more = 3 + name.Name.Sum(c => c is > ' ' and <= '~' and not ('"' or '\\') ? 1 : 6);
            if (part.Count == MostToldAtOnce || (part.Count > 0 && bytes + more > mostBytes))
            {
                yield return part;
                (part, bytes) = ([], 0);
            }
            part.Add(name);
            bytes += more;
        }
        if (part.Count > 0) yield return part;
    }
}

/// <summary>What is to be written of one registrable domain and one owner, as a certificate shows it.</summary>
/// <param name="Open">The matches that nobody closed.</param>
/// <param name="MakesBulk">A bulk finding stands for what was open of it until now.</param>
internal sealed record LookalikePlan(IReadOnlyList<LookalikeStep> Steps, IReadOnlyList<LookalikeMatch> Open, bool MakesBulk);

/// <summary>One row of it.</summary>
/// <param name="Row">Null: there is none yet.</param>
/// <param name="Domain">The protected domain; empty for a bulk finding, whose names are its members'.</param>
/// <param name="State">Of a new row.</param>
/// <param name="Change">Told if the certificate is new to the row; null: nothing is.</param>
/// <param name="Told">What is told then.</param>
internal sealed record LookalikeStep(long? Row, LookalikeMatch Match, string Domain, LookalikeState State, string? Change, IReadOnlyList<LookalikeMatch> Told);

/// <summary>What there is to tell of a look-alike, by one certificate.</summary>
/// <param name="Matches">Of one owner and one registrable domain; not empty.</param>
internal sealed record ToldLookalike(long Lookalike, string Change, IReadOnlyList<LookalikeMatch> Matches)
{
    /// <summary>The strongest.</summary>
    public LookalikeMatch Best { get; } = Matches.MaxBy(match => match.Names[0].Score)!;

    public AlertedLookalike ToAlerted() => new(Best.Owner, Best.Domain, Best.Registrable, Best.Names[0], Change);
}

/// <summary>A body's worth of what is told.</summary>
/// <param name="Lookalike">What it is about; the strongest if it is about several.</param>
/// <param name="Webhooks">Who is told.</param>
internal sealed record LookalikeTelling(long Lookalike, string Change, IReadOnlyList<AlertedNames> Names, IReadOnlyList<string> Webhooks);

/// <summary>A look-alike that was there before a batch.</summary>
internal sealed record LookalikeRow(long Id, string Domain, LookalikeState State, DateTimeOffset LastSeen)
{
    /// <summary>Whether a new certificate is told of. Who dismissed it, or allowed it, wants to hear no more of it.</summary>
    public bool IsDueAgain(DateTimeOffset now) => State == LookalikeState.Open && now - LastSeen >= LookalikeRules.Silence;
}

/// <summary>A look-alike that is told of now.</summary>
/// <param name="Domain">The protected domain; of a bulk finding the one that is imitated most.</param>
internal sealed record AlertedLookalike(string Owner, string Domain, string Registrable, LookalikeName Best, string Change);
