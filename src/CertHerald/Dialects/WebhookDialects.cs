using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;

namespace CertHerald.Dialects;

internal static class WebhookDialects
{
    /// <summary>Every dialect. Adding one means adding a line here.</summary>
    public static IReadOnlyList<IWebhookDialect> All { get; } = [new CertSpotterDialect()];
}
