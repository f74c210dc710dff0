namespace CertHerald.Storage;

/// <summary>How many deliveries are in each state, asked at once, as every store understands it.</summary>
internal static class DeliveryStates
{
    /// <summary>A row of a state and its count, up to @most. Each state is written out, so that the indexes of rows in one state serve.</summary>
    public static string Count { get; } = string.Join(" UNION ALL ", Enum.GetValues<DeliveryState>().Select(state =>
    {
        string name = state.ToString().ToLowerInvariant();
        // What is joined has an index by what it is joined to.
        string further = state == DeliveryState.Joined ? " AND batch IS NOT NULL" : "";
        return $"SELECT '{name}', (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = '{name}'{further} LIMIT @most) AS few)";
    }));
}
