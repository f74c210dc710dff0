using System.Buffers;
using System.Diagnostics;
using CertHerald.Deciding;
using CertHerald.Delivering;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Dialects.Meta;

/// <summary>
/// The webhook of Meta's Certificate Transparency monitoring, which ended in 2025: bodies, signatures and promises as its
/// receivers know them. <see cref="EventKinds.Certificate"/> is what the original sent; a webhook that takes
/// <see cref="EventKinds.UnknownCertificate"/> instead gets the same, about what nobody authorised.
/// </summary>
internal sealed class MetaDialect : IWebhookDialect
{
    /// <summary>As configuration and database have it.</summary>
    public const string WireName = "meta";

    private const string CertificateField = "certificate", PhishingField = "phishing";

    public string Name => WireName;

    public DeliveryRules Rules { get; } = new()
    {
        // "At once, then with falling frequency for 36 hours" is all that the original told.
        Schedule = new DeliverySchedule(
            [
                TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(45),
                TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(8), TimeSpan.FromHours(14), TimeSpan.FromHours(22), TimeSpan.FromHours(36),
            ],
            Jitter: 0.1),
        RetryAfterCap = TimeSpan.FromHours(6),
        LastDeliveringStatus = 200,
        GoneEnds = false,
        ShortensAfter413 = true,
    };

    public string NameOfDead => "dropped";

    public bool TellsByDomain => true;

    public IReadOnlyList<string> Options => DialectOptions.All;

    public bool Speaks(string kind) => kind is EventKinds.Certificate or EventKinds.UnknownCertificate or EventKinds.Lookalike;

    public void Write(DeliverySubject subject, IBufferWriter<byte> body)
    {
        var batch = new Batch(WebhookOptions.DefaultBatchBytes);
        batch.TryAdd(subject);
        batch.Write(body);
    }

    public IWebhookBatch BeginBatch(int mostBytes) => new Batch(mostBytes);

    public void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) =>
        WriteExample(null, isShort: false, baseUrl, now, body);

    public IReadOnlyList<string> Examples => [CertificateField, PhishingField];

    /// <summary>What the original sent about look-alikes, with its own example's names.</summary>
    public void WriteExample(string? name, bool isShort, string baseUrl, DateTimeOffset now, IBufferWriter<byte> body)
    {
        Issuance sample = SampleIssuance.Of(now);
        string pem = MetaChange.PemOf(sample.Certificate.CertDer), hash = sample.Certificate.CertSha256;
        var whole = new MetaBody(WebhookOptions.DefaultBatchBytes);
        whole.TryAdd([new MetaEntry(
            sample.Id, now, name == PhishingField ? new PhishingChange(pem, hash, ["facebook.com.evil.com", "xn--facbook-9gg.ml"], "facebook.com") : new CertificateChange(pem, hash), isShort)]);
        whole.Write(body);
    }

    private sealed class Batch(int mostBytes) : IWebhookBatch
    {
        private readonly MetaBody _body = new(mostBytes);

        public bool TryAdd(DeliverySubject subject)
        {
            if (subject.Lookalike is { } lookalike) return _body.TryAdd([.. lookalike.Names.Select(imitated => EntryOf(subject, lookalike, imitated))]);
            Issuance issuance = subject.Issuance ?? throw new UnreachableException("A delivery in this dialect is about an issuance.");
            var change = new CertificateChange(MetaChange.PemOf(issuance.Certificate.CertDer), issuance.Certificate.CertSha256, subject.Evidence);
            return _body.TryAdd([new MetaEntry(issuance.Id, subject.At, change, subject.IsShort)]);
        }

        // One protected domain, unless it was owed before the webhook changed its dialect: nothing of it may be lost then.
        private static MetaEntry EntryOf(DeliverySubject subject, LookalikeAlert lookalike, AlertedNames imitated)
        {
            CertificateFacts certificate = lookalike.Issuance.Certificate;
            var change = new PhishingChange(MetaChange.PemOf(certificate.CertDer), certificate.CertSha256, [.. imitated.Names.Select(name => name.Name)], imitated.Domain)
            {
                Evidence = subject.Evidence,
                Strongest = imitated.Names.MaxBy(name => name.Score),
            };
            return new MetaEntry(lookalike.Issuance.Id, subject.At, change, subject.IsShort);
        }

        public void Write(IBufferWriter<byte> body) => _body.Write(body);
    }
}
