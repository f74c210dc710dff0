using CertHerald.Fetching;

namespace CertHerald.Tests.Fetching;

public sealed class AnswerBuffersTests
{
    private readonly AnswerBuffers _buffers = new();

    [Fact]
    public void What_was_given_back_is_used_again_for_what_fits_best()
    {
        byte[] small = _buffers.Rent(100_000), large = _buffers.Rent(300_000);
        _buffers.Return(large);
        _buffers.Return(small);

        Assert.Same(small, _buffers.Rent(90_000));
        Assert.Same(large, _buffers.Rent(90_000));
        Assert.Equal(0, _buffers.KeptBytes);
    }

    [Fact]
    public void A_small_answer_does_not_take_a_large_buffer()
    {
        byte[] large = _buffers.Rent(10_000_000);
        _buffers.Return(large);

        Assert.NotSame(large, _buffers.Rent(1_000));
        Assert.Same(large, _buffers.Rent(9_000_000));
    }

    [Fact]
    public void What_is_kept_stays_within_its_limit_however_much_was_given_back()
    {
        byte[][] rented = [.. Enumerable.Range(0, 20).Select(_ => _buffers.Rent(5_000_000))];
        foreach (byte[] buffer in rented) _buffers.Return(buffer);
        Assert.InRange(_buffers.KeptBytes, 5_000_000, 24 << 20);

        _buffers.Return(_buffers.Rent(60_000_000));
        Assert.Equal(0, _buffers.KeptBytes);
    }
}
