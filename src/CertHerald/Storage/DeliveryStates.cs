namespace CertHerald.Storage;

/// <summary>What every store asks of deliveries in one state, in words that each understands: states are written out, so that the indexes of rows in one state serve.</summary>
internal static class DeliveryStates
{
    /// <summary>How many are in each state, asked at once: a row of a state and its count, up to @most.</summary>
    public static string Count { get; } = string.Join(" UNION ALL ", Enum.GetValues<DeliveryState>().Select(state =>
    {
        string name = NameOf(state);
        // While nothing is done yet, nobody looks through all that waits for it.
        string further = state == DeliveryState.Done ? " AND state IN ('done', 'dead', 'cancelled')" : "";
        return $"SELECT '{name}', (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE state = '{name}'{further} LIMIT @most) AS few)";
    }));
    /// <summary>The conditions of a filter but for its page. Only what is asked for stands in it: an index serves no condition that may be none.</summary>
    public static string Where(DeliveryFilter filter) =>
        "id < @before" + (filter.Webhook is null ? "" : " AND webhook = @webhook") + (filter.State is { } state ? $" AND state = '{NameOf(state)}'" : "")
        + (filter.Kind is null ? "" : " AND kind = @kind") + (filter.Subject is null ? "" : " AND subject = @subject");

    private static string NameOf(DeliveryState state) => state.ToString().ToLowerInvariant();
}
