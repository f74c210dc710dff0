using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Dialects.CertSpotter;
using CertHerald.Dialects.Mail;
using CertHerald.Dialects.Meta;
using CertHerald.Dialects.Native;

namespace CertHerald.Dialects;

internal static class WebhookDialects
{
    /// <summary>Every dialect, with the issuers that the program knows by itself.</summary>
    public static IReadOnlyList<IWebhookDialect> All { get; } = AllWith(IssuerDirectory.BuiltIn);

    /// <summary>Those that webhooks can be configured and added with.</summary>
    public static IReadOnlyList<IWebhookDialect> OfWebhooks { get; } = [.. All.Where(dialect => !dialect.IsMail)];

    /// <summary>Every dialect. Adding one means adding a line here.</summary>
    public static IReadOnlyList<IWebhookDialect> AllWith(IssuerDirectory issuers) => [new CertSpotterDialect(issuers), new MetaDialect(), new NativeDialect(), new MailDialect()];
}
