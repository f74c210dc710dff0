using CertHerald.Resolving;

namespace CertHerald.Configuring;

/// <summary>The section <c>revocation</c>: whether and how CAs' revocation lists are asked for.</summary>
internal static class RevocationSection
{
    /// <summary>Reads and finishes it.</summary>
    public static RevocationOptions Read(ConfigurationSection section)
    {
        var defaults = new RevocationOptions();
        TimeSpan interval = section.Duration("interval") ?? defaults.Interval, timeout = section.Duration("timeout") ?? defaults.Timeout;
        if (interval < RevocationOptions.LeastInterval) section.Mistake("interval", "is less than an hour", "write 1h or more: the lists are large, and CAs renew them a few times a day");
        if (timeout < TimeSpan.FromSeconds(1) || timeout > TimeSpan.FromHours(1)) section.Mistake("timeout", "is not between a second and an hour", "write 2m");
        var read = new RevocationOptions
        {
            IsEnabled = section.Flag("enabled") ?? defaults.IsEnabled,
            Interval = interval,
            MostBytes = section.Whole("max_mib", 1, 1_024) is { } mib ? mib << 20 : defaults.MostBytes,
            Timeout = timeout,
        };
        section.Finish();
        return read;
    }
}
