using System.Buffers.Binary;
using CertHerald.Fetching;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Fetching;

public sealed class IssuerCacheTests
{
    [Fact]
    public void Rule_5_10_those_used_last_stay_within_the_bound()
    {
        const int Count = IssuerCache.MostBytes / LogHttp.SmallCap + 10;
        var cache = new IssuerCache();
        for (int i = 0; i < Count; i++)
        {
            cache.Keep(Fingerprint(i), new byte[LogHttp.SmallCap]);
            cache.Keep(Fingerprint(i), new byte[LogHttp.SmallCap]);
            Assert.NotNull(cache.Find(Fingerprint(0)));
            Assert.InRange(cache.Bytes, 1, IssuerCache.MostBytes);
        }

        Assert.All(Enumerable.Range(1, 10), i => Assert.Null(cache.Find(Fingerprint(i))));
        Assert.All(Enumerable.Range(11, Count - 11), i => Assert.NotNull(cache.Find(Fingerprint(i))));
    }

    [Fact]
    public void A_certificate_is_found_by_its_fingerprint_and_no_other()
    {
        var cache = new IssuerCache();
        byte[] certificate = [1, 2, 3];
        cache.Keep(Fingerprint(1), certificate);

        Assert.Same(certificate, cache.Find(Fingerprint(1)));
        Assert.Null(cache.Find(Fingerprint(2)));
    }

    private static MerkleHash Fingerprint(int number)
    {
        byte[] bytes = new byte[MerkleHash.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return new MerkleHash(bytes);
    }
}
