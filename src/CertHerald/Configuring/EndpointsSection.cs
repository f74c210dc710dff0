using CertHerald.Delivering.Operators;

namespace CertHerald.Configuring;

/// <summary>The section <c>endpoints</c>: when a renewal is missing, and whether that is told.</summary>
internal static class EndpointsSection
{
    /// <summary>Reads and finishes it.</summary>
    public static RenewalOptions Read(ConfigurationSection section)
    {
        var defaults = new RenewalOptions();
        TimeSpan window = section.Duration("renewal_window") ?? defaults.Window;
        if (window < RenewalOptions.LeastWindow || window > RenewalOptions.MostWindow)
            section.Mistake("renewal_window", "is not between a day and 397 days", "write 30d: how long before its end a certificate should have a successor");
        var read = new RenewalOptions { Window = window, IsTold = section.Flag("tell") ?? defaults.IsTold };
        section.Finish();
        return read;
    }
}
