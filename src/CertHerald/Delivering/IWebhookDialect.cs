using System.Buffers;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>A webhook language: what a body looks like and which rules its receivers were promised.</summary>
internal interface IWebhookDialect
{
    /// <summary>As written in the configuration's <c>dialect</c>. Never changes.</summary>
    string Name { get; }

    /// <summary>Schedule, accepted statuses, time limit.</summary>
    DeliveryRules Rules { get; }

    /// <summary>Whether this dialect has a body for an event of this kind.</summary>
    bool Speaks(string kind);

    /// <summary>Writes the body. Called once per delivery: every retry sends the same bytes.</summary>
    void Write(DeliverySubject subject, IBufferWriter<byte> body);
}

/// <summary>What a delivery is about: exactly one is set, by the delivery's kind.</summary>
internal sealed record DeliverySubject(string BaseUrl, Issuance? Issuance, MalformedEntry? Malformed, Notice? Notice = null);
