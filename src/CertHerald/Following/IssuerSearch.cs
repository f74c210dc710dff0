using CertHerald.Fetching;
using CertHerald.Inspecting;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Following;

/// <summary>
/// Adds to a batch's findings what a static log keeps beside its entries: issuers' keys, for a precertificate the check of its
/// chain, and the chain itself. What is missing is asked for once a batch, and delays no alert for long.
/// </summary>
internal sealed class IssuerSearch
{
    /// <summary>How long alerts wait for certificates that they would like to show.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HashSet<MerkleHash> _missing = [];
    private readonly LogReader _reader;
    private readonly CancellationToken _stopping;

    private IssuerSearch(LogReader reader, CancellationToken stopping) => (_reader, _stopping) = (reader, stopping);

    /// <summary>The findings, in their order, as far as the log gives what they lack.</summary>
    public static async Task<IReadOnlyList<Finding>> CompleteAsync(LogReader reader, TimeProvider time, IReadOnlyList<Finding> findings, CancellationToken stopping)
    {
        if (!findings.Any(finding => finding is MatchFinding { IssuerFingerprint: not null })) return findings;

        var search = new IssuerSearch(reader, stopping);
        Finding[] complete = [.. findings];
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        for (int i = 0; i < complete.Length; i++)
            if (complete[i] is MatchFinding { IssuerFingerprint: { } issuer } match) complete[i] = await search.CompleteAsync(match, issuer, either.Token);

        // What is only shown comes last: it takes no time from what is judged. A precertificate whose signer's issuer is missing was not.
        for (int i = 0; i < complete.Length; i++)
            if (complete[i] is MatchFinding { IssuerFingerprint: { } issuer, IssuerDer: not null, ChainMismatch: null } match) complete[i] = match with { Chain = await search.ChainAsync(match, issuer, either.Token) };
        return complete;
    }

    private async Task<MatchFinding> CompleteAsync(MatchFinding match, MerkleHash fingerprint, CancellationToken patience)
    {
        byte[]? issuer = await FindAsync(fingerprint, patience);
        bool isReissued = match.Certificate.IsPrecertificate && issuer is not null && CertificateReading.SignsPrecertificates(issuer);
        byte[]? next = isReissued && match.FingerprintsAbove is [var above, ..] ? await FindAsync(above, patience) : null;
        return match.WithIssuer(issuer, next);
    }

    /// <summary>Up to the first certificate that is not there: a later sighting may show the rest.</summary>
    private async Task<IReadOnlyList<byte[]>> ChainAsync(MatchFinding match, MerkleHash issuer, CancellationToken patience)
    {
        var chain = new KeptChain();
        foreach (MerkleHash fingerprint in match.FingerprintsAbove.Prepend(issuer))
            if (await FindAsync(fingerprint, patience) is not { } certificate || !chain.TryAdd(certificate)) break;
        return chain.Certificates;
    }

    private async Task<byte[]?> FindAsync(MerkleHash fingerprint, CancellationToken patience)
    {
        if (_missing.Contains(fingerprint)) return null;
        try
        {
            if (await _reader.GetIssuerAsync(fingerprint, patience) is { } found) return found;
        }
        catch (Exception failure) when (failure is LogUnavailableException || (failure is OperationCanceledException && !_stopping.IsCancellationRequested))
        {
            // The alert goes out without it; a later sighting of the issuance adds it.
        }
        _missing.Add(fingerprint);
        return null;
    }
}
