namespace CertHerald.Api;

/// <summary>Lets those who change something take turns: what is stored and what is in force must not come apart.</summary>
internal sealed class Turns : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Does this when its turn has come.</summary>
    public async Task<T> TakeAsync<T>(Func<Task<T>> change, CancellationToken cancellation = default)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            return await change();
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc cref="TakeAsync{T}"/>
    public Task TakeAsync(Func<Task> change, CancellationToken cancellation = default) => TakeAsync(async () =>
    {
        await change();
        return true;
    }, cancellation);

    public void Dispose() => _one.Dispose();
}
