using System.Globalization;
using CertHerald.Api;
using CertHerald.Configuring;
using CertHerald.Storage;

namespace CertHerald.Cli;

/// <summary>The configuration as people may see it: no password, no key, no address that holds one.</summary>
internal static class ShownSettings
{
    public static IReadOnlyList<SettingJson> Of(CertHeraldOptions options) =>
    [
        new("Service", "version", VersionCommand.Version),
        new("Service", "listen", options.Listen.ToString()),
        new("Service", "public_url", options.PublicUrl),
        new("Service", "data", options.Data),
        new("Service", "store", options.Store == Stores.Sqlite ? "sqlite, in the data directory" : "PostgreSQL"),
        new("Service", "trusted_proxies", List(options.TrustedProxies.Select(network => network.ToString()), "none: callers are who connects")),
        new("Logs", "logs.lists", List(options.Logs.Lists.Select(list => list.Shown), "none")),
        new("Logs", "logs.states", List(options.Logs.States, "none")),
        new("Logs", "logs.custom", List(options.Logs.CustomLogs().Select(log => log.Log.Description.Length > 0 ? log.Log.Description : log.Log.Id.ToString()), "none")),
        new("Logs", "logs.contact", options.Logs.Contact.Length > 0 ? options.Logs.Contact : "none: operators of logs cannot reach you"),
        new("Outbound", "outbound.allow", List(options.Outbound.Allow.Select(network => network.ToString()), "none: nothing internal is called")),
        new("Outbound", "outbound.ports", List(options.Outbound.Ports.Select(port => port.ToString(CultureInfo.InvariantCulture)), "none")),
        new("Outbound", "outbound.proxy", options.Outbound.Proxy is null ? "none: webhooks are called directly" : "one is used"),
        new("Retention", "retention.deliveries", Days(options.Retention.Deliveries)),
        new("Retention", "retention.lookalikes", Days(options.Retention.Lookalikes)),
        new("Retention", "index", options.Index.TakesAll ? $"every certificate, for {Days(options.Index.Retention)}" : "what is watched"),
        new("Access", "oidc", options.OpenId is { } openId ? openId.Issuer : "off: links and passwords sign in"),
        new("Access", "certspotter_api.anonymous", options.CertSpotterApi.Anonymous ? "anybody may ask" : "keys only"),
        new("Access", "certstream", options.CertStream.Enabled ? $"on, at {options.CertStream.Path}" : "off"),
        new("Operators", "operator.dead_man_url", options.Operator.DeadManUrl is { } deadMan ? $"set: {deadMan.Host}" : "none: nobody notices from outside that the service has ended"),
    ];

    private static string List(IEnumerable<string> values, string none) => string.Join(", ", values) is { Length: > 0 } text ? text : none;

    private static string Days(TimeSpan time) => time.TotalDays >= 1 ? $"{time.TotalDays.ToString("0.#", CultureInfo.InvariantCulture)} days" : time.ToString("c", CultureInfo.InvariantCulture);
}
