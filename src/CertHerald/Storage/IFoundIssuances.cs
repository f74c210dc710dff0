namespace CertHerald.Storage;

/// <summary>Issuances by what people look for, and how many came lately. A part of <see cref="IStore"/>.</summary>
internal interface IFoundIssuances
{
    /// <summary>Issuances that a filter takes, newest first.</summary>
    Task<IReadOnlyList<Issuance>> IssuancesAsync(IssuanceFilter filter, CancellationToken cancellation);

    /// <summary>How many were discovered since a time; of the newest, by id, no more than <paramref name="atMost"/> are looked at.</summary>
    Task<IssuanceCounts> CountIssuancesAsync(DateTimeOffset since, int atMost, CancellationToken cancellation);
}

/// <summary>What was decided about an issuance, as people call it.</summary>
internal enum IssuanceKind { Unknown, Known, Lookalike }

/// <summary>Which issuances. What is null does not matter.</summary>
/// <param name="Text">A part of one of its watched names, in lower case; or its whole TBS hash.</param>
/// <param name="Kind">A look-alike is for no watched name; unknown and known ones are for some.</param>
internal sealed record IssuanceFilter(string? Text = null, IssuanceKind? Kind = null, long? Before = null, int Limit = 100);

/// <summary>How many issuances are of each kind.</summary>
internal sealed record IssuanceCounts(int Unknown, int Known, int Lookalike);
