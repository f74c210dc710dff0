using CertHerald.TestLog.Corpora;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog;

public sealed record SyntheticCorpusOptions
{
    /// <summary>The same seed gives the same bytes, on any machine.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Real logs hold about three precertificates to one certificate.</summary>
    public double PrecertShare { get; init; } = 0.75;

    /// <summary>Registrable domains under which some entries have a name; no other entry has one there. Empty: none has.</summary>
    public IReadOnlyList<string> WatchedDomains { get; init; } = [];

    /// <summary>Of every so many consecutive entries, exactly one has such a name.</summary>
    public int WatchedOneIn { get; init; } = 10_000;

    /// <summary>
    /// Names of an entry by its index, in place of invented ones; not for those with a watched name. ASCII, at least one, together
    /// no more than 1,500 bytes. Called by many at once; the same index always gives the same. Null: all are invented.
    /// </summary>
    public Func<ulong, string[]>? Names { get; init; }

    /// <summary>The timestamp of entry 0; each next is a millisecond later.</summary>
    public DateTimeOffset From { get; init; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
}

/// <summary>
/// Any number of invented entries of realistic shape and size, fast: certificates and precertificates that parse, with random
/// keys and, in the place of signatures, random bytes. Entry i is the same however it is asked for and carries i as its
/// leaf_index, so it belongs at index i of a log. Thread-safe.
/// </summary>
public sealed class SyntheticCorpus
{
    private static readonly string[] Words =
    [
        "alder", "amber", "anchor", "apple", "argon", "atlas", "bakery", "beacon", "birch", "bridge", "cedar", "cloud", "cobalt",
        "coral", "copper", "delta", "ember", "falcon", "fjord", "garden", "harbor", "hazel", "indigo", "island", "jasper", "juniper",
        "kayak", "lagoon", "lantern", "linden", "maple", "market", "meadow", "mosaic", "north", "ocean", "olive", "orchard", "paper",
        "pebble", "pepper", "pilot", "prairie", "quartz", "raven", "ridge", "river", "saffron", "shop", "sierra", "silver", "stone",
        "studio", "summit", "tango", "timber", "tundra", "umber", "valley", "velvet", "walnut", "willow", "winter", "zephyr",
    ];

    private static readonly string[] Suffixes = ["com", "com", "com", "net", "org", "de", "it", "co.uk", "io", "app", "com.br", "fr"];
    private static readonly string[] Hosts = ["www", "mail", "api", "shop", "dev", "cpanel", "autodiscover", "staging"];

    private readonly SyntheticCorpusOptions _options;
    private readonly SyntheticCa[] _cas;
    private readonly byte[][] _ecKeys;
    private readonly byte[] _rsaKey;

    public SyntheticCorpus(SyntheticCorpusOptions? options = null)
    {
        _options = options ?? new SyntheticCorpusOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.WatchedOneIn, 1, nameof(options));
        SplitMix random = SplitMix.At(_options.Seed, ulong.MaxValue);
        _cas = new SyntheticCa[4];
        for (int i = 0; i < _cas.Length; i++) _cas[i] = new SyntheticCa(i, ref random);
        _ecKeys = new byte[64][];
        for (int i = 0; i < _ecKeys.Length; i++) _ecKeys[i] = SyntheticCa.EcSpki(ref random);
        _rsaKey = SyntheticCa.RsaSpki(256, ref random);
    }

    /// <summary>Entries from <paramref name="first"/> on, made as they are read.</summary>
    public IEnumerable<CorpusEntry> Entries(EntryIndex first, ulong count)
    {
        for (ulong i = 0; i < count; i++) yield return EntryAt(new EntryIndex(first.Value + i));
    }

    public CorpusEntry EntryAt(EntryIndex index)
    {
        SplitMix random = SplitMix.At(_options.Seed, index.Value);
        string[] names = Names(index.Value, ref random);
        SyntheticCa ca = _cas[random.Below(_cas.Length)];
        bool isPrecert = random.Fraction() < _options.PrecertShare;
        bool hasEcKey = random.Below(2) == 0;
        ReadOnlySpan<byte> key = hasEcKey ? _ecKeys[random.Below(_ecKeys.Length)] : _rsaKey;
        Span<byte> noise = stackalloc byte[Draft.NoiseBytes];
        random.Fill(noise);

        ulong timestamp = (ulong)_options.From.ToUnixTimeMilliseconds() + index.Value;
        var draft = new Draft(ca, names, DateTimeOffset.FromUnixTimeMilliseconds((long)timestamp), key, hasEcKey, noise);
        byte[] extensions = LeafFormat.LeafIndexExtension(index.Value);
        Span<byte> buffer = stackalloc byte[4096];
        if (!isPrecert)
        {
            ReadOnlySpan<byte> certificate = draft.Certificate(buffer, Draft.Last.SctList);
            return CorpusEntry.OfRow(LeafFormat.LeafInput(timestamp, [], certificate, extensions), ca.Chain);
        }

        byte[] leafInput = LeafFormat.LeafInput(timestamp, ca.KeyHash, draft.Tbs(buffer, Draft.Last.None), extensions);
        ReadOnlySpan<byte> precertificate = draft.Certificate(buffer, Draft.Last.Poison);
        byte[] extraData = new byte[3 + precertificate.Length + ca.Chain.Length];
        LeafFormat.WriteUInt24(extraData, precertificate.Length);
        precertificate.CopyTo(extraData.AsSpan(3));
        ca.Chain.CopyTo(extraData, 3 + precertificate.Length);
        return CorpusEntry.OfRow(leafInput, extraData);
    }

    /// <summary>The DNS names of an entry, the common name first.</summary>
    public IReadOnlyList<string> NamesAt(EntryIndex index)
    {
        SplitMix random = SplitMix.At(_options.Seed, index.Value);
        return Names(index.Value, ref random);
    }

    /// <summary>Whether an entry has a name under a watched domain.</summary>
    public bool IsWatched(EntryIndex index)
    {
        if (_options.WatchedDomains.Count == 0) return false;
        (ulong stretch, ulong place) = Math.DivRem(index.Value, (ulong)_options.WatchedOneIn);
        return place == SplitMix.At(~_options.Seed, stretch).Next() % (ulong)_options.WatchedOneIn;
    }

    /// <summary>The entries below <paramref name="count"/> for which <see cref="IsWatched"/> holds, ascending.</summary>
    public IEnumerable<EntryIndex> WatchedIndexes(ulong count)
    {
        if (_options.WatchedDomains.Count == 0) yield break;
        ulong oneIn = (ulong)_options.WatchedOneIn;
        for (ulong stretch = 0; stretch * oneIn < count; stretch++)
        {
            ulong index = stretch * oneIn + SplitMix.At(~_options.Seed, stretch).Next() % oneIn;
            if (index < count) yield return new EntryIndex(index);
        }
    }

    private string[] Names(ulong index, ref SplitMix random)
    {
        if (_options.Names is { } given && !IsWatched(new EntryIndex(index))) return given(index);
        string domain = $"{Of(Words, ref random)}-{Of(Words, ref random)}{random.Below(10_000)}.{Of(Suffixes, ref random)}";
        string host = Of(Hosts, ref random);
        int form = random.Below(8);
        if (IsWatched(new EntryIndex(index)))
            return [$"{host}{random.Below(1000)}.{_options.WatchedDomains[random.Below(_options.WatchedDomains.Count)]}", domain];
        return form switch
        {
            0 or 1 => [domain],
            2 or 3 or 4 => [domain, "www." + domain],
            5 => ["*." + domain, domain],
            6 => [host + "." + domain],
            _ => [domain, "www." + domain, host + "-2." + domain, "mail." + domain],
        };
    }

    private static string Of(string[] choice, ref SplitMix random) => choice[random.Below(choice.Length)];
}
