using System.Buffers;
using CertHerald.Deciding;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>Writes the bodies of deliveries, each once.</summary>
internal sealed class DeliveryBodies(IStore store, string baseUrl, TimeProvider time)
{
    /// <summary>The body of a delivery in its webhook's dialect, as things stand now.</summary>
    public async Task<ReadOnlyMemory<byte>> WriteAsync(DeliveryLane lane, StoredDelivery delivery, CancellationToken cancellation)
    {
        DeliverySubject subject = delivery.Kind switch
        {
            EventKinds.MalformedCertificate => new DeliverySubject(baseUrl, null, await store.FindMalformedAsync(delivery.Subject, cancellation)),
            EventKinds.Operator => new DeliverySubject(baseUrl, null, null, await store.FindNoticeAsync(delivery.Subject, cancellation)),
            _ => new DeliverySubject(baseUrl, await store.FindIssuanceAsync(delivery.Subject, cancellation), null),
        };

        if (lane.Webhook.Evidence && delivery.Kind != EventKinds.Operator)
        {
            // What is not proven yet says so, and leaves: no alert waits for its proof.
            Evidence? evidence = delivery.Kind == EventKinds.MalformedCertificate
                ? await store.FindMalformedEvidenceAsync(delivery.Subject, cancellation)
                : await store.FindEvidenceAsync(delivery.Subject, null, cancellation);
            subject = subject with { Evidence = new DeliveryEvidence(evidence is null ? null : EvidenceJson.Write(evidence)) };
        }

        var body = new ArrayBufferWriter<byte>(4096);
        lane.Dialect.Write(subject with { IsShort = delivery.IsShort || !lane.Webhook.IncludeValues, At = delivery.FirstTried ?? time.GetUtcNow() }, body);
        return body.WrittenMemory;
    }
}
