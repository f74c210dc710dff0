using CertHerald.Delivering;

namespace CertHerald.Configuring;

/// <summary>How TLS is spoken with receivers: <c>client_certificate</c>, <c>client_key</c> and <c>ca</c>.</summary>
internal static class TlsKeys
{
    /// <summary>Of one webhook; null if it has nothing of its own, or it cannot be used: why, was said.</summary>
    public static WebhookTls? Read(ConfigurationSection section)
    {
        string? certificate = section.Secret(WebhookTls.CertificateMember), key = section.Secret(WebhookTls.KeyMember), ca = section.Secret(WebhookTls.CaMember);
        // What is there and cannot be had has been said already.
        bool isWhole = section.Has(WebhookTls.CertificateMember) == certificate is not null && section.Has(WebhookTls.KeyMember) == key is not null;
        if (!isWhole) return null;
        if (!WebhookTls.TryRead(certificate, key, ca, out WebhookTls? tls, out TlsMistake? mistake)) section.Mistake(mistake.Member, mistake.Problem, mistake.Remedy);
        return tls;
    }

    /// <summary>Of everything outbound.</summary>
    public static PrivateTrust? ReadTrust(ConfigurationSection section)
    {
        if (section.Secret(WebhookTls.CaMember) is not { } ca) return null;
        if (!PrivateTrust.TryRead(ca, isAlone: false, out PrivateTrust? trust, out string? mistake)) section.Mistake(WebhookTls.CaMember, mistake, PrivateTrust.Remedy);
        return trust;
    }
}
