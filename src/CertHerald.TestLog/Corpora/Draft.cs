using System.Globalization;
using System.Text;

namespace CertHerald.TestLog.Corpora;

/// <summary>One invented certificate before it is written; <paramref name="noise"/> is cut up into all that is random in it.</summary>
internal readonly ref struct Draft(
    SyntheticCa ca, string[] names, DateTimeOffset issued, ReadOnlySpan<byte> spki, bool hasEcKey, ReadOnlySpan<byte> noise)
{
    public const int NoiseBytes = 896;

    private static readonly byte[] Version3 = [0xa0, 3, 2, 1, 2];
    private static readonly byte[] CommonNameOid = [6, 3, 0x55, 4, 3];
    private static readonly byte[] NamesOid = [6, 3, 0x55, 0x1d, 0x11], KeyIdOid = [6, 3, 0x55, 0x1d, 0x0e];
    private static readonly byte[] PoisonExtension =
        [0x30, 19, 6, 10, 0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3, 1, 1, 0xff, 4, 2, 5, 0];
    private static readonly byte[] SctListOid = [6, 10, 0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];

    private readonly SyntheticCa _ca = ca;
    private readonly string[] _names = names;
    private readonly DateTimeOffset _issued = issued;
    private readonly ReadOnlySpan<byte> _spki = spki;
    private readonly bool _hasEcKey = hasEcKey;
    private readonly ReadOnlySpan<byte> _serial = noise[..18], _keyId = noise.Slice(18, 20), _modulus = noise.Slice(38, 254),
        _signature = noise.Slice(292, 256), _scts = noise.Slice(548, 348);

    /// <summary>The last extension.</summary>
    public enum Last { None, Poison, SctList }

    public ReadOnlySpan<byte> Tbs(Span<byte> buffer, Last last)
    {
        var der = new DerBackwards(buffer);
        PutTbs(ref der, last);
        return der.Written;
    }

    public ReadOnlySpan<byte> Certificate(Span<byte> buffer, Last last)
    {
        var der = new DerBackwards(buffer);
        int end = der.Start;
        if (_ca.SignsWithRsa) der.Put(_signature);
        else PutEcdsaSignature(ref der, _signature, bytes: 48);
        der.Put(0);
        der.Wrap(3, end);
        der.Put(_ca.Algorithm);
        PutTbs(ref der, last);
        der.Wrap(0x30, end);
        return der.Written;
    }

    private void PutTbs(ref DerBackwards der, Last last)
    {
        int end = der.Start;
        if (last == Last.Poison) der.Put(PoisonExtension);
        if (last == Last.SctList) PutSctList(ref der);
        PutNames(ref der);
        PutKeyId(ref der);
        der.Put(_ca.SharedExtensions);
        der.Wrap(0x30, end);
        der.Wrap(0xa3, end);
        PutSpki(ref der);
        PutSubject(ref der);
        PutValidity(ref der);
        der.Put(_ca.NameDer);
        der.Put(_ca.Algorithm);
        int serial = der.Start;
        der.Put(_serial);
        // As some CAs do: a fixed first byte keeps it positive.
        der.Put(4);
        der.Wrap(2, serial);
        der.Put(Version3);
        der.Wrap(0x30, end);
    }

    private void PutNames(ref DerBackwards der)
    {
        int end = der.Start;
        for (int i = _names.Length - 1; i >= 0; i--) der.PutText(0x82, _names[i]);
        der.Wrap(0x30, end);
        der.Wrap(4, end);
        der.Put(NamesOid);
        der.Wrap(0x30, end);
    }

    private void PutKeyId(ref DerBackwards der)
    {
        int end = der.Start;
        der.Put(4, _keyId);
        der.Wrap(4, end);
        der.Put(KeyIdOid);
        der.Wrap(0x30, end);
    }

    // In an RSA key of 2048 bits the modulus ends five bytes before the end (INTEGER 65537), its first and last byte stay.
    private void PutSpki(ref DerBackwards der)
    {
        if (_hasEcKey)
        {
            der.Put(_spki);
            return;
        }
        der.Put(_spki[^6..]);
        der.Put(_modulus);
        der.Put(_spki[..^(6 + 254)]);
    }

    private void PutSubject(ref DerBackwards der)
    {
        int end = der.Start;
        der.PutText(0x0c, _names[0]);
        der.Put(CommonNameOid);
        der.Wrap(0x30, end);
        der.Wrap(0x31, end);
        der.Wrap(0x30, end);
    }

    private void PutValidity(ref DerBackwards der)
    {
        int end = der.Start;
        PutTime(ref der, _issued.AddDays(90));
        PutTime(ref der, _issued);
        der.Wrap(0x30, end);
    }

    private static void PutTime(ref DerBackwards der, DateTimeOffset time)
    {
        Span<byte> text = stackalloc byte[13];
        time.UtcDateTime.TryFormat(text, out _, "yyMMddHHmmss'Z'", CultureInfo.InvariantCulture);
        der.Put(0x17, text);
    }

    // Two SCTs as of logs without extensions: version, log id, timestamp, no extensions, ECDSA over P-256.
    private void PutSctList(ref DerBackwards der)
    {
        int end = der.Start;
        for (int i = 0; i < 2; i++)
        {
            ReadOnlySpan<byte> random = _scts.Slice(i * 174, 174);
            int sct = der.Start;
            PutEcdsaSignature(ref der, random, bytes: 32);
            PutLength(ref der, sct);
            der.Put([4, 3]);
            der.Put([0, 0]);
            der.Put([0, 0, 1, 0x9c, .. random.Slice(96, 4)]);
            der.Put(random.Slice(100, 32));
            der.Put(0);
            PutLength(ref der, sct);
        }
        PutLength(ref der, end);
        der.Wrap(4, end);
        der.Wrap(4, end);
        der.Put(SctListOid);
        der.Wrap(0x30, end);
    }

    private static void PutLength(ref DerBackwards der, int end)
    {
        int length = end - der.Start;
        der.Put([(byte)(length >> 8), (byte)length]);
    }

    // The high bit is cleared and the next set: each half has its full length, without a leading zero.
    private static void PutEcdsaSignature(ref DerBackwards der, ReadOnlySpan<byte> random, int bytes)
    {
        int end = der.Start;
        for (int half = 0; half < 2; half++)
        {
            int integer = der.Start;
            der.Put(random.Slice(half * bytes + 1, bytes - 1));
            der.Put((byte)(random[half * bytes] & 0x3f | 0x40));
            der.Wrap(2, integer);
        }
        der.Wrap(0x30, end);
    }
}
