using CertHerald.Fetching;
using CertHerald.Names;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Inspecting;

/// <summary>Finds what concerns the user in a batch. Pure; an entry that matches nothing allocates nothing.</summary>
/// <param name="watched">The watch list of the moment: immutable, swapped whole on change.</param>
/// <param name="protecting">The protected domains of the moment, likewise; null: none are.</param>
/// <param name="sample">Gets ordinary names among those that are read; null: nobody does.</param>
/// <param name="owned">The part of the watch list that is no tenant's: what lies in it is no look-alike to whoever runs the service. Null: all of it.</param>
internal sealed class Inspector(Func<WatchList> watched, Func<Protection>? protecting = null, NameSample? sample = null, Func<WatchList>? owned = null)
{
    /// <summary>What is kept of the entries that match nothing.</summary>
    public IndexOptions Index { get; init; } = new();

    /// <summary>Bytes at the end of a run without a gap in which a name is looked for: the longest name, and what may follow it.</summary>
    private const int LongestRun = DnsName.MaxLength + 3;

    /// <summary>What the entries of a batch show, in their order.</summary>
    /// <param name="others">Takes what nobody watches, if that is to be indexed; null leaves it.</param>
    /// <param name="weak">Takes weak look-alikes, if a digest is wanted; null leaves them.</param>
    public IReadOnlyList<Finding> Inspect(RawBatch batch, ICollection<IndexedCertificate>? others = null, ICollection<WeakLookalike>? weak = null)
    {
        // One list for the whole batch: a reload between two entries would judge them by different lists.
        WatchList watch = watched(), own = owned?.Invoke() ?? watch;
        var looking = new Looking(protecting?.Invoke() ?? Protection.None, sample);
        List<Finding>? findings = null;
        for (int place = 0; place < batch.Count; place++)
        {
            try
            {
                Inspect(batch, place, watch, own, ref looking, others, weak, ref findings);
            }
            catch (Exception defect) when (defect is not OutOfMemoryException)
            {
                // A defect of ours must neither stop the log nor lose the entry: it is reported like one that cannot be read.
                (findings ??= []).Add(Malformed(batch, place, default, $"certherald failed to read it: {defect.GetType().Name}", watch));
            }
        }
        looking.Finish();
        return (IReadOnlyList<Finding>?)findings ?? [];
    }

    /// <summary>A finding that turned out to be of no concern, as what nobody watches is indexed.</summary>
    public IndexedCertificate ForIndex(MatchFinding finding) => ForIndex(finding.Index, finding.Logged, finding.Certificate);

    private void Inspect(
        RawBatch batch, int place, WatchList watch, WatchList own, ref Looking looking, ICollection<IndexedCertificate>? others, ICollection<WeakLookalike>? weak, ref List<Finding>? findings)
    {
        EntryFailure failure = LogEntry.Read(batch[place], out LogEntry entry);
        if (failure != EntryFailure.None)
        {
            (findings ??= []).Add(Malformed(batch, place, default, $"the entry's frame is broken: {failure}", watch));
            return;
        }

        bool isReadable = entry.Type == EntryType.X509
            ? CertificateView.TryRead(entry.Certificate, out CertificateView certificate)
            : CertificateView.TryReadTbs(entry.Tbs, out certificate);
        bool isWatched = ShowsWatchedName(certificate, watch, ref looking, out bool isLookalike, out CertificateFlaws flaws, out bool isSpent);
        bool mayHideName = !isReadable || (flaws & CertificateFlaws.MayHideName) != 0;

        // The common case ends here.
        if (!isWatched && !isLookalike && !mayHideName && !isSpent && others is null) return;

        MatchFinding? match = isWatched || isLookalike ? Matched(batch, place, entry, certificate, watch, own, isLookalike ? looking.Protection : Protection.None, weak, ref isSpent) : null;
        if (match is not null) (findings ??= []).Add(match);
        else if (isReadable) others?.Add(Other(batch, place, entry, certificate));
        if (mayHideName || isSpent)
            (findings ??= []).Add(Malformed(
                batch, place, LogTime.Of(entry.Timestamp),
                string.Join("; ", [.. certificate.Problems().Select(problem => problem.ToString()), .. isSpent ? [CertificateReading.TooManyGlobs] : Array.Empty<string>()]), watch));
    }

    /// <summary>Null where the quick look was wrong: it may take a name for a watched one.</summary>
    private static MatchFinding? Matched(
        RawBatch batch, int place, LogEntry entry, CertificateView certificate, WatchList watch, WatchList own, Protection protection, ICollection<WeakLookalike>? weak, ref bool isSpent)
    {
        IReadOnlyCollection<Identifier> identifiers = CertificateReading.IdentifiersOf(certificate);
        IReadOnlyList<Match> matches = CertificateReading.Matches(identifiers, watch, out bool isCut, out bool isSpentHere);
        isSpent |= isSpentHere;
        List<LookalikeMatch>? weakly = weak is null || protection.IsEmpty ? null : [];
        IReadOnlyList<LookalikeMatch> lookalikes = protection.IsEmpty ? [] : protection.Judge(identifiers, own, weakly);
        if (weakly is { Count: > 0 }) Keep(weakly, batch[place].Index, certificate, weak!);
        if (matches.Count == 0 && lookalikes.Count == 0) return null;

        CertificateFacts facts = CertificateReading.Read(entry, certificate, identifiers, out string? chainMismatch);
        if (isSpentHere) facts = facts with { Problems = [.. facts.Problems, CertificateReading.TooManyGlobs] };
        ReadOnlySpan<MerkleHash> issuers = entry.Fingerprints;
        var finding = new MatchFinding(
            batch[place].Index, batch.LeafHashes()[place], LogTime.Of(entry.Timestamp), facts, matches, issuers.Length > 0 ? issuers[0] : null)
        {
            FingerprintsAbove = issuers.Length > 1 ? issuers[1..Math.Min(issuers.Length, KeptChain.MostCertificates)].ToArray() : [],
            IssuerSpki = facts.IssuerPubkeySha256 is { } issuerKey ? CertificateReading.SpkiIn(entry.Chain, issuerKey) : null,
            HasMoreMatches = isCut,
            IssuerDer = CertificateReading.FirstOf(entry.Chain, out byte[]? next),
            NextDer = next,
            Chain = KeptChain.Of(entry.Chain),
            Lookalikes = lookalikes,
        };
        return finding.Contradicted(chainMismatch);
    }

    private static void Keep(List<LookalikeMatch> weakly, EntryIndex index, CertificateView certificate, ICollection<WeakLookalike> weak)
    {
        string tbs = CertificateReading.TbsSha256Of(certificate);
        // The strongest, where there is no room for all.
        foreach (LookalikeMatch one in weakly.OrderByDescending(one => one.Names[0].Score).ThenBy(one => one.Registrable, StringComparer.Ordinal).Take(WeakLookalike.MostOfBatch - weak.Count))
            weak.Add(new WeakLookalike(index, one.Domain, one.Registrable, one.Names[0], tbs));
    }

    private IndexedCertificate Other(RawBatch batch, int place, LogEntry entry, CertificateView certificate)
    {
        CertificateFacts facts = CertificateReading.Read(entry, certificate, CertificateReading.IdentifiersOf(certificate));
        return ForIndex(batch[place].Index, LogTime.Of(entry.Timestamp), facts);
    }

    private IndexedCertificate ForIndex(EntryIndex index, DateTimeOffset logged, CertificateFacts facts) => new(index, logged, Index.KeepsDer ? facts : facts with { CertDer = [] });

    /// <param name="isSpent">Names with <c>*</c> were left uncompared, and nothing that was compared is watched.</param>
    /// <param name="isLookalike">Some name may be a look-alike of a protected domain, perhaps a weak one.</param>
    private static bool ShowsWatchedName(
        CertificateView certificate, WatchList watch, ref Looking looking, out bool isLookalike, out CertificateFlaws flaws, out bool isSpent)
    {
        bool isWatched = false;
        isLookalike = false;
        var budget = new GlobBudget(CertificateReading.MostComparisons);
        NameEnumerator names = certificate.Names;
        try
        {
            // To the end even after a hit: the rest may hold what cannot be read.
            looking.Begin();
            while (names.MoveNext())
            {
                NameSource source = CertificateReading.SourceOf(names.Current);
                isWatched |= !isWatched && watch.MayMatch(source, names.Current.Value, ref budget);
                isLookalike |= looking.Sees(source, names.Current.Value, isLookalike);
            }
            flaws = certificate.Flaws | names.Flaws;
        }
        finally
        {
            names.Dispose();
        }
        // Once something is watched, what else is decides how far the comparisons go.
        isSpent = budget.IsSpent && !isWatched;
        return isWatched;
    }

    private static MalformedFinding Malformed(RawBatch batch, int place, DateTimeOffset logged, string problem, WatchList watch)
    {
        RawEntry raw = batch[place];
        return new MalformedFinding(
            raw.Index, batch.LeafHashes()[place], logged, problem.Length == 0 ? "the certificate could not be read" : problem,
            raw.LeafInput.ToArray(), HoldsWatchedText(raw.LeafInput, watch));
    }

    /// <summary>Whether the bytes hold a watched name as text, wherever: no proof, but a reason to hurry.</summary>
    private static bool HoldsWatchedText(ReadOnlySpan<byte> bytes, WatchList watch)
    {
        int start = 0;
        for (int i = 0; i <= bytes.Length; i++)
        {
            if (i < bytes.Length && IsNameByte(bytes[i])) continue;
            // Of a run too long for a name, its end.
            if (i - start >= 3 && RunHoldsWatched(bytes[Math.Max(start, i - LongestRun)..i], watch)) return true;
            start = i + 1;
        }
        return false;
    }

    /// <summary>
    /// Tries what begins a label, to the run's end and a little before it: the length before a name is often a letter, and
    /// what follows a name in DER is often <c>30</c>, a digit, and one more length.
    /// </summary>
    private static bool RunHoldsWatched(ReadOnlySpan<byte> run, WatchList watch)
    {
        for (int end = run.Length; end > Math.Max(2, run.Length - 4); end--)
            for (int from = 0; from < end; from++)
            {
                bool startsLabel = from <= 1 || run[from - 1] == '.';
                if (startsLabel && run[from..end].Contains((byte)'.') && watch.MayMatch(NameSource.DnsName, run[from..end])) return true;
            }
        return false;
    }

    private static bool IsNameByte(byte character) => char.IsAsciiLetterOrDigit((char)character) || character is (byte)'.' or (byte)'-' or (byte)'_';
}
