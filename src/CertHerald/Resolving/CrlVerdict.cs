using CertHerald.Storage;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Resolving;

/// <summary>What a revocation list proves about issuances. Pure.</summary>
/// <param name="Problem">Why it says nothing of those that it does not name; empty if it does.</param>
/// <param name="ThisUpdate">Null if there is a problem.</param>
/// <param name="NextUpdate">By when there will be a newer one, if it says so.</param>
/// <param name="Changes">Issuances of which it says something else than is kept.</param>
internal sealed record CrlVerdict(string Problem, DateTimeOffset? ThisUpdate, DateTimeOffset? NextUpdate, IReadOnlyList<CrlFinding> Changes)
{
    /// <summary>What clocks may differ by.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromHours(1);

    /// <summary>Bytes of an issuer's name that are looked at before anybody's signature is.</summary>
    private const int LongestName = 1 << 14;

    /// <summary>removeFromCRL: of delta lists, which change another one. In a whole list it revokes nothing. RFC 5280 §5.3.1.</summary>
    private const int RemovedFromList = 8;

    /// <summary>Judges a list by its issuer's key, its time, and the certificates that it says it is about.</summary>
    /// <param name="der">As it came: anything.</param>
    /// <param name="spki">The key of <see cref="CrlAddress.IssuerKey"/>.</param>
    public static CrlVerdict Of(ReadOnlySpan<byte> der, StoredCrl crl, ReadOnlySpan<byte> spki, IReadOnlyList<CrlSubject> subjects, DateTimeOffset now)
    {
        if (!RevocationListView.TryRead(der, out RevocationListView list)) return Nothing("it is no revocation list, or not a whole one");
        if (list.Issuer.Length > LongestName || DistinguishedName.Format(list.Issuer) != crl.Address.IssuerName) return Nothing("it is the list of another issuer");
        // Before its entries are looked at: from here on the CA is at fault, and nobody on the way.
        if (!list.IsSignedBy(spki)) return Nothing("the issuer's key has not signed it");

        RevocationScope scope = list.Scope();
        if (Beyond(scope, crl.Address) is { } beyond) return Nothing(beyond);
        if (list.ThisUpdate is not { } made) return Nothing("it does not say when it was made");
        if (made > now + Leeway) return Nothing($"it is of a time to come: {made:yyyy-MM-dd HH:mm} UTC");
        if (made < crl.ThisUpdate) return Nothing($"it is of {made:yyyy-MM-dd HH:mm} UTC, older than the one before");

        // One that is out of date, or about some reasons only, still proves what it revokes.
        string problem = list.NextUpdate < now - Leeway ? $"it is out of date: a newer one was due by {list.NextUpdate:yyyy-MM-dd HH:mm} UTC"
            : scope.IsOfSomeReasons ? "it is about some reasons only" : "";
        return TryFind(list, subjects, isWhole: problem.Length == 0, out List<CrlFinding> changes)
            ? new CrlVerdict(problem, problem.Length == 0 ? made : null, list.NextUpdate, changes)
            : Nothing("an entry cannot be read, or has a critical part that is not understood");
    }

    private static CrlVerdict Nothing(string problem) => new(problem, null, null, []);

    private static string? Beyond(RevocationScope scope, CrlAddress address) =>
        scope.HasUnknownPart ? "it has a critical part that is not understood"
        : scope.IsDelta ? "it holds only what changed since another list"
        : scope.IsIndirect ? "it holds certificates of several issuers, which is not read"
        : scope.IsOfAuthoritiesOnly || scope.IsOfAttributesOnly ? "it is about other certificates"
        : scope.Uris is { } named && !named.Any(uri => address.Uris.Contains(uri, StringComparer.Ordinal)) ? "it is about certificates that name another list"
        : null;

    /// <summary>One walk over the entries, however many issuances and entries there are.</summary>
    /// <param name="isWhole">What is not on it is not revoked.</param>
    private static bool TryFind(RevocationListView list, IReadOnlyList<CrlSubject> subjects, bool isWhole, out List<CrlFinding> changes)
    {
        changes = [];
        // A precertificate and its certificate have one serial number, and may be two issuances.
        Dictionary<string, CrlSubject[]> wanted = subjects.GroupBy(one => one.Serial, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        var bySpan = wanted.GetAlternateLookup<ReadOnlySpan<char>>();
        var named = new HashSet<string>(StringComparer.Ordinal);
        Span<char> digits = stackalloc char[2 * CertificateRevocation.LongestSerial];

        RevokedEntries entries = list.Entries;
        while (entries.MoveNext())
        {
            RevokedEntry entry = entries.Current;
            if (entry.HasUnknownPart) return false;
            ReadOnlySpan<byte> serial = CertificateRevocation.Canonical(entry.Serial);
            if (serial.Length > CertificateRevocation.LongestSerial || !Convert.TryToHexStringLower(serial, digits, out int length)) continue;
            if (!bySpan.TryGetValue(digits[..length], out string? found, out CrlSubject[]? here) || entry.Reason == RemovedFromList || !named.Add(found)) continue;
            foreach (CrlSubject one in here)
                if (Change(one, entry.RevokedAt, entry.Reason) is { } change) changes.Add(change);
        }
        if (entries.IsBroken) return false;
        if (!isWhole) return true;
        // Only a hold ends. Whatever else a CA takes off its list was revoked all the same.
        foreach (CrlSubject one in subjects)
            if (one is { IsRevoked: true, Reason: Revocation.Hold } && !named.Contains(one.Serial)) changes.Add(new CrlFinding(one.Issuance, false, null, null));
        return true;
    }

    private static CrlFinding? Change(CrlSubject subject, DateTimeOffset? revokedAt, int reason) =>
        subject.IsRevoked && subject.RevokedAt == revokedAt && subject.Reason == reason ? null : new CrlFinding(subject.Issuance, true, revokedAt, reason);
}
