using System.Text;
using CertHerald.Names;
using CertHerald.Names.Lookalikes;

namespace CertHerald.Inspecting;

/// <summary>
/// All protected domains in force, by owner. What one owner has must say nothing to another, so each has an index of its own; a name
/// that holds no word of any costs one look, however many owners there are. Immutable, swapped whole on change; thread-safe.
/// </summary>
/// <param name="owners">Each once. An array: going through any other list allocates, for each name.</param>
/// <param name="suffixes">The public suffixes; null if there is no list of them.</param>
/// <param name="gate">Of the same words, if there is one already.</param>
internal sealed class Protection(OwnerProtection[] owners, PublicSuffixes? suffixes, LookalikeGate? gate = null)
{
    private readonly LookalikeGate? _gate = gate ?? (owners.Length > 1 ? new LookalikeGate(owners.Select(owner => owner.Index)) : null);
    private readonly RegistrableNames _registrable = new(suffixes);

    /// <summary>Protects nothing.</summary>
    public static Protection None { get; } = new([], null);

    public IReadOnlyList<OwnerProtection> Owners => owners;

    /// <summary>The same owners and words, with other weights.</summary>
    public Protection With(OwnerProtection[] weighed) => new(weighed, suffixes, _gate);

    public bool IsEmpty => owners.Length == 0;

    /// <summary>Of whoever runs the service: protected domains with a digest, and from which score on weak look-alikes belong into it.</summary>
    public IReadOnlyDictionary<string, int> Digested => owners.Where(owner => owner.OwnsWatched).SelectMany(owner => owner.Index.Domains).Where(domain => domain.DigestFrom is not null)
        .ToDictionary(domain => domain.Name, domain => domain.Least, StringComparer.Ordinal);

    /// <summary>Protected domains, each once for each owner.</summary>
    public int Count => owners.Sum(owner => owner.Index.Domains.Count);

    /// <summary>Whether a raw value of a certificate may give a name that is a look-alike, or a weak one for a digest. Allocates nothing, whatever the answer.</summary>
    public bool MayAlert(NameSource source, ReadOnlySpan<byte> value)
    {
        if (source == NameSource.IpAddress) return false;
        // Neither one name nor plain: which names it gives is found out in peace. A title gives none.
        if (value.ContainsAnyExceptInRange((byte)'!', (byte)'~') || value.ContainsAny("/:@\\"u8)) return !(source == NameSource.CommonName && value.Contains((byte)' '));
        if (_gate is not null && !_gate.MayImitate(value)) return false;
        foreach (OwnerProtection owner in owners)
            if (owner.Index.IsKept(value)) return true;
        return false;
    }

    /// <summary>What the names of one certificate imitate: each name is judged once for each owner.</summary>
    /// <param name="identifiers">Distinct.</param>
    /// <param name="own">What whoever runs the service watches is no look-alike of what he protects. Not what his tenants watch.</param>
    /// <param name="weak">Takes what is no alert and belongs into the digest of whoever runs the service: of each pair of domains the strongest name. Null leaves it.</param>
    public IReadOnlyList<LookalikeMatch> Judge(IEnumerable<Identifier> identifiers, WatchList own, ICollection<LookalikeMatch>? weak = null)
    {
        Dictionary<(string Owner, string Domain, string Registrable), List<LookalikeName>>? found = null;
        Dictionary<(string Owner, string Domain, string Registrable), LookalikeName>? digest = null;
        foreach (Identifier identifier in identifiers)
        {
            if (identifier.Kind != IdentifierKind.Dns) continue;
            byte[] name = Encoding.Latin1.GetBytes(identifier.Text);
            if (_gate is not null && !_gate.MayImitate(name)) continue;
            foreach (OwnerProtection owner in owners)
            {
                if (!owner.Index.IsKept(name) || (owner.OwnsWatched && IsWatched(identifier, own))) continue;
                string registrable = _registrable.Of(name);
                foreach (Lookalike judged in owner.Index.Judge(name))
                {
                    (string, string, string) key = (owner.Owner, judged.Domain.Name, registrable);
                    if (!judged.IsAlert)
                    {
                        if (weak is null || !owner.OwnsWatched || judged.Score < judged.Domain.Least) continue;
                        digest ??= [];
                        if (!digest.TryGetValue(key, out LookalikeName? before) || IsBefore(judged.Score, identifier.Text, before))
                            digest[key] = new LookalikeName(identifier.Text, judged.Score, judged.Class.Name(), [.. judged.Reasons.Take(1)]);
                        continue;
                    }
                    found ??= [];
                    if (!found.TryGetValue(key, out List<LookalikeName>? names)) found.Add(key, names = []);
                    names.Add(new LookalikeName(identifier.Text, judged.Score, judged.Class.Name(), judged.Reasons));
                }
            }
        }
        foreach (((string owner, string domain, string registrable) key, LookalikeName best) in digest ?? [])
            if (found is null || !found.ContainsKey(key)) weak!.Add(new LookalikeMatch(key.owner, key.domain, key.registrable, [best]));
        if (found is null) return [];
        return
        [
            .. from one in found
               orderby one.Key.Owner, one.Key.Registrable, one.Key.Domain
               select new LookalikeMatch(one.Key.Owner, one.Key.Domain, one.Key.Registrable,
                   [.. one.Value.OrderByDescending(name => name.Score).ThenBy(name => name.Name, StringComparer.Ordinal).Take(LookalikeMatch.MostNames)]),
        ];
    }

    // The same whatever the order of names.
    private static bool IsBefore(int score, string name, LookalikeName other) => score != other.Score ? score > other.Score : string.CompareOrdinal(name, other.Name) < 0;

    /// <summary>Watched as one's own: whoever watches a top-level domain, or a public suffix, does not own what lies below.</summary>
    private bool IsWatched(Identifier identifier, WatchList own)
    {
        var name = identifier.Text.StartsWith("*.", StringComparison.Ordinal) ? identifier with { Text = identifier.Text[2..] } : identifier;
        return own.Matches(name).Any(item => item.Text.TrimStart('.') is var text && text.Contains('.', StringComparison.Ordinal)
            && !(item.Text.StartsWith('.') && suffixes is not null && suffixes.IsSuffix(Encoding.ASCII.GetBytes(text))));
    }
}

/// <summary>One owner's protected domains.</summary>
internal sealed record OwnerProtection(string Owner, LookalikeIndex Index)
{
    /// <summary>Whether what is watched is this owner's: whoever runs the service.</summary>
    public bool OwnsWatched => Owner.Length == 0;
}
