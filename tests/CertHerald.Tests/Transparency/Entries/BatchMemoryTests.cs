using CertHerald.Transparency.Entries;

namespace CertHerald.Tests.Transparency.Entries;

public sealed class BatchMemoryTests
{
    private const int Block = 16 << 20;

    private readonly BatchMemory _memory = new();

    [Fact]
    public void What_was_given_back_is_used_again_whatever_size_is_asked_for()
    {
        var random = new Random(96);
        for (int i = 0; i < 2_000; i++)
        {
            using MemoryLease one = _memory.Rent(random.Next(4 << 20)), other = _memory.Rent(random.Next(4 << 20));
            one.Shrink(random.Next(one.Length));
        }

        Assert.Equal(Block, _memory.HeldBytes);
    }

    [Fact]
    public void No_two_leases_share_a_byte_and_all_memory_is_one_piece_again_when_all_are_back()
    {
        var random = new Random(64);
        var leases = new List<(MemoryLease Lease, byte Mark)>();
        long most = 0;
        for (int i = 0; i < 5_000; i++)
        {
            if (leases.Count < 40 && random.Next(2) == 0)
            {
                int length = random.Next(1 << 20);
                MemoryLease lease = _memory.Rent(length);
                Assert.InRange(lease.Length, length, length + 4096);
                Assert.Equal(lease.Length, lease.Memory.Length);
                lease.Memory.Span.Fill((byte)i);
                leases.Add((lease, (byte)i));
            }
            else if (leases.Count > 0)
            {
                int at = random.Next(leases.Count);
                (MemoryLease lease, byte mark) = leases[at];
                Assert.False(lease.Memory.Span.ContainsAnyExcept(mark));
                if (random.Next(2) == 0)
                {
                    lease.Shrink(random.Next(lease.Length));
                    continue;
                }
                lease.Dispose();
                leases.RemoveAt(at);
            }
            most = Math.Max(most, _memory.HeldBytes);
        }

        foreach ((MemoryLease lease, byte mark) in leases)
        {
            Assert.False(lease.Memory.Span.ContainsAnyExcept(mark));
            lease.Dispose();
        }
        Assert.InRange(most, 2 * Block, 3 * Block);
        for (int i = 0; i < 1_002; i++) _memory.Rent(1).Dispose();
        Assert.Equal(Block, _memory.HeldBytes);
        using MemoryLease whole = _memory.Rent(Block);
        Assert.Equal(Block, _memory.HeldBytes);
    }

    [Fact]
    public void What_is_larger_than_a_block_goes_when_it_is_given_back()
    {
        MemoryLease large = _memory.Rent(60_000_000);
        Assert.InRange(_memory.HeldBytes, 60_000_000, 60_010_000);

        large.Shrink(1_000_000);
        using (_memory.Rent(1_000_000)) large.Dispose();

        Assert.Equal(Block, _memory.HeldBytes);
    }

    [Fact]
    public void What_is_larger_than_a_block_is_used_again_while_it_is_not_collected()
    {
        byte[] bytes;
        using (MemoryLease large = _memory.Rent(3 * Block)) bytes = ArrayOf(large);
        Assert.Equal(0, _memory.HeldBytes);

        using (MemoryLease another = _memory.Rent(2 * Block + 1)) Assert.Same(bytes, ArrayOf(another));
        using (MemoryLease larger = _memory.Rent(4 * Block)) Assert.NotSame(bytes, ArrayOf(larger));
        using (MemoryLease smaller = _memory.Rent(Block + 1)) Assert.NotSame(bytes, ArrayOf(smaller));

        static byte[] ArrayOf(MemoryLease lease)
        {
            Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(lease.Memory, out ArraySegment<byte> segment));
            return segment.Array!;
        }
    }

    [Fact]
    public void What_was_given_back_is_out_of_reach_and_given_back_once()
    {
        MemoryLease lease = _memory.Rent(10_000);
        lease.Dispose();
        lease.Dispose();

        Assert.Throws<ObjectDisposedException>(() => lease.Memory);
        Assert.Throws<ObjectDisposedException>(() => lease.Shrink(1));
        using MemoryLease first = _memory.Rent(Block / 2), second = _memory.Rent(Block / 2);
        Assert.Equal(Block, _memory.HeldBytes);
    }
}
