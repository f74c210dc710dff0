using System.Buffers;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>Writes the bodies of deliveries, each once.</summary>
internal sealed class DeliveryBodies(IStore store, string baseUrl, TimeProvider time)
{
    /// <summary>The body of a delivery in its webhook's dialect, as things stand now.</summary>
    /// <param name="written">Those of the same claim: webhooks that are owed the same in one dialect get the same bytes.</param>
    public async ValueTask<ReadOnlyMemory<byte>> WriteAsync(
        DeliveryLane lane, StoredDelivery delivery, Dictionary<BodyText, ReadOnlyMemory<byte>> written, CancellationToken cancellation)
    {
        IWebhookDialect dialect = lane.Dialect;
        // To the second: more exact is no dialect, and what leaves together is written once.
        DateTimeOffset at = delivery.FirstTried ?? time.GetUtcNow();
        var text = new BodyText(
            dialect, delivery.Kind, delivery.Subject, lane.Webhook.Evidence && delivery.Kind != EventKinds.Operator,
            delivery.IsShort || !lane.Webhook.IncludeValues, at.AddTicks(-(at.Ticks % TimeSpan.TicksPerSecond)));
        if (written.TryGetValue(text, out ReadOnlyMemory<byte> before)) return before;

        var body = new ArrayBufferWriter<byte>(4096);
        dialect.Write(await ReadAsync(text, cancellation), body);
        return written[text] = body.WrittenMemory;
    }

    private async Task<DeliverySubject> ReadAsync(BodyText text, CancellationToken cancellation)
    {
        DeliverySubject subject = text.Kind switch
        {
            EventKinds.MalformedCertificate => new DeliverySubject(baseUrl, null, await store.FindMalformedAsync(text.Subject, cancellation)),
            EventKinds.Operator => new DeliverySubject(baseUrl, null, null, await store.FindNoticeAsync(text.Subject, cancellation)),
            _ => new DeliverySubject(baseUrl, await store.FindIssuanceAsync(text.Subject, cancellation), null),
        };
        subject = subject with { IsShort = text.IsShort, At = text.At };
        if (!text.HasEvidence) return subject;

        // What is not proven yet says so, and leaves: no alert waits for its proof.
        Evidence? evidence = text.Kind == EventKinds.MalformedCertificate
            ? await store.FindMalformedEvidenceAsync(text.Subject, cancellation)
            : await store.FindEvidenceAsync(text.Subject, null, cancellation);
        return subject with { Evidence = new DeliveryEvidence(evidence is null ? null : EvidenceJson.Write(evidence)) };
    }
}

/// <summary>What a body's bytes depend on.</summary>
internal readonly record struct BodyText(IWebhookDialect Dialect, string Kind, long Subject, bool HasEvidence, bool IsShort, DateTimeOffset At);
