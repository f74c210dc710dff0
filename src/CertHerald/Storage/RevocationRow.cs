namespace CertHerald.Storage;

/// <summary>What the columns of a revocation come to, in either store.</summary>
internal static class RevocationRow
{
    /// <param name="checkedAt">When its list was last believed, since it was known where to look.</param>
    /// <param name="found">When what it says last changed.</param>
    /// <param name="until">The end of its validity.</param>
    /// <param name="isRead">Whether somebody has read where to look.</param>
    /// <param name="problem">Why it is not looked for.</param>
    /// <param name="ofList">Why its list could not be had or believed; null if there is none.</param>
    public static Revocation Read(
        bool isRevoked, DateTimeOffset? revokedAt, int? reason, DateTimeOffset? checkedAt, DateTimeOffset? found, DateTimeOffset until, bool isRead, string problem, string? ofList,
        DateTimeOffset now)
    {
        bool isExpired = isRead && until <= now && problem.Length == 0;
        // What has expired is looked for no more, though its list may be asked for on behalf of others.
        DateTimeOffset? at = isExpired ? isRevoked ? found : null : checkedAt ?? (isRevoked ? found : null);
        return new Revocation(
            isRevoked, revokedAt, reason, at,
            problem.Length > 0 ? problem : !isRead ? Revocation.NotAskedYet : isExpired ? Revocation.Expired : ofList is { Length: > 0 } trouble ? trouble : at is null ? Revocation.NotAskedYet : "");
    }
}
