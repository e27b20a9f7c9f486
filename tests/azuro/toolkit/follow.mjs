// The official client places bets at an imitation of Azuro and follows them to the chain.
// Its hosts are compiled in: only `fetch` is told another one. Prints one JSON object.
//
// node follow.mjs <REST base> <JSON-RPC> <private key>

import * as toolkit from '@azuro-org/toolkit'
import { createPublicClient, createWalletClient, hashTypedData, http, parseEventLogs, parseUnits } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { polygon } from 'viem/chains'

const [ rest, rpc, key ] = process.argv.slice(2)
const REAL = 'https://api.onchainfeed.org/api/v1/public'
const chainId = 137
const { contracts, betToken } = toolkit.chainsData[chainId]
const account = privateKeyToAccount(key)

const askedFor = []
const realFetch = globalThis.fetch
globalThis.fetch = (address, options) => {
  const wanted = String(address?.url ?? address)
  if (!wanted.startsWith(REAL) && !wanted.startsWith(rpc)) {
    throw new Error(`nothing may leave this machine: ${wanted}`)
  }
  if (wanted.startsWith(REAL)) {
    askedFor.push(`${options?.method ?? 'GET'} ${wanted.slice(REAL.length).split('?')[0]}`)
  }
  return realFetch(wanted.replace(REAL, rest), options)
}

const chain = createPublicClient({ chain: polygon, transport: http(rpc), pollingInterval: 20 })
const wallet = createWalletClient({ account, chain: polygon, transport: http(rpc) })
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
const read = (contract, functionName, args) =>
  chain.readContract({ address: contract.address, abi: contract.abi, functionName, args })

const plain = (value) => JSON.parse(JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one)))

async function until(ask, isEnough) {
  const seen = []
  for (let count = 0; count < 500; count++) {
    const found = await ask()
    if (found && seen.at(-1) !== found.state) {
      seen.push(found.state)
    }
    if (found && isEnough(found)) {
      return { found, seen }
    }
    await pause(20)
  }
  throw new Error(`never enough, only ${seen}`)
}

// -- what is signed, compared with vectors by whoever started this

const client = (chosen, attention) => ({
  attention,
  affiliate: '0x0000000000000000000000000000000000000000',
  core: toolkit.chainsData[chosen].contracts.core.address,
  expiresAt: 1790000000,
  chainId: chosen,
  relayerFeeAmount: '0',
  isFeeSponsored: false,
  isBetSponsored: false,
  isSponsoredBetReturnable: false,
})
const PLACES = 'By signing this transaction, I agree to place a bet for an event on Azuro Protocol'
const SINGLE = {
  conditionId: '300610060000000000847934050000000000002435769680',
  outcomeId: '29',
  minOdds: '1500000000000',
  amount: '10000000',
  nonce: '1789999700000',
}
const COMBO = {
  minOdds: '3050000000000',
  amount: '5000000',
  nonce: '1789999700001',
  bets: [
    { conditionId: '300610060000000000847934050000000000002435769680', outcomeId: '29' },
    { conditionId: '300610060000000000306992750000000000009084689496', outcomeId: '377' },
  ],
}
const CASHOUT = {
  chainId,
  account: account.address,
  attention: "By signing this transaction, I agree to cash out on 'Azuro SDK Example",
  tokenId: '12345',
  cashoutOdds: '1.25',
  expiredAt: 1790000000,
}

async function vectors() {
  const typed = {
    A: toolkit.getBetTypedData({ account: account.address, clientData: client(137, PLACES), bet: SINGLE }),
    B: toolkit.getComboBetTypedData({ account: account.address, clientData: client(137, PLACES), ...COMBO }),
    C: toolkit.getCashoutTypedData(CASHOUT),
    D: toolkit.getBetTypedData({ account: account.address, clientData: client(80002, ''), bet: SINGLE }),
  }
  const signed = {}
  for (const [ name, one ] of Object.entries(typed)) {
    signed[name] = { digest: hashTypedData(one), signature: await account.signTypedData(one) }
  }
  return signed
}

// -- the market

async function market() {
  const { GameState, GameOrderBy, OrderDirection } = toolkit
  const page = await toolkit.getGamesByFilters({
    chainId, state: GameState.Live, orderBy: GameOrderBy.StartsAt, orderDir: OrderDirection.Asc, perPage: 10,
  })
  const gameIds = page.games.map(({ gameId }) => gameId)
  const conditions = await toolkit.getConditionsByGameIds({ chainId, gameIds })
  const conditionIds = conditions.map(({ conditionId }) => conditionId)
  const found = await toolkit.searchGames({ chainId, query: 'kuopio' })
  const navigation = await toolkit.getNavigation({ chainId })
  const sports = await toolkit.getSports({ chainId, gameState: GameState.Live })
  return {
    page,
    conditions,
    states: await toolkit.getConditionsState({ chainId, conditionIds }),
    byIds: (await toolkit.getGamesByIds({ chainId, gameIds })).length,
    found: found.games.map(({ title }) => title),
    navigation: navigation.map(({ slug, activeLiveGamesCount }) => [ slug, activeLiveGamesCount ]),
    sports: sports.map(({ slug, countries }) => [ slug, countries.length ]),
  }
}

// -- bets

async function limits(bet) {
  const { maxBet, minBet, maxPayout } = await toolkit.getBetCalculation({
    chainId, account: account.address, selections: [ { conditionId: bet.conditionId, outcomeId: bet.outcomeId } ],
  })
  const fee = await toolkit.getBetFee(chainId)
  const allowance = await chain.readContract({
    address: betToken.address,
    abi: [ { type: 'function', name: 'allowance', stateMutability: 'view', inputs: [ { type: 'address' }, { type: 'address' } ], outputs: [ { type: 'uint256' } ] } ],
    functionName: 'allowance',
    args: [ account.address, contracts.relayer.address ],
  })
  return { maxBet, minBet, maxPayout, fee, allowance }
}

const now = () => ({ ...client(chainId, PLACES), expiresAt: Math.floor(Date.now() / 1000) + 300 })

async function onChain(order) {
  const receipt = await chain.waitForTransactionReceipt({ hash: order.txHash })
  const [ log ] = parseEventLogs({ abi: contracts.core.abi, logs: receipt.logs, eventName: 'NewLiveBet' })
  return {
    status: receipt.status,
    event: log.args,
    owner: await chain.readContract({
      address: contracts.azuroBet.address, abi: contracts.azuroBet.abi, functionName: 'ownerOf', args: [ BigInt(order.betId) ],
    }),
    bet: await read(contracts.core, 'bets', [ BigInt(order.betId) ]),
    chainId: await chain.getChainId(),
  }
}

async function single() {
  const bet = { ...SINGLE, minOdds: String(parseUnits(toolkit.calcMinOdds({ odds: 1.56, slippage: 5 }), 12)), nonce: String(Date.now()) }
  const clientData = now()
  const typed = toolkit.getBetTypedData({ account: account.address, clientData, bet })
  const signature = await account.signTypedData(typed)
  const created = await toolkit.createBet({ account: account.address, clientData, bet, signature })
  const { found, seen } = await until(
    () => toolkit.getBet({ chainId, orderId: created.id }), ({ state }) => state === 'Accepted')
  return { created, order: found, seen, chain: await onChain(found) }
}

async function combo() {
  const data = { ...COMBO, minOdds: String(parseUnits(toolkit.calcMinOdds({ odds: [ 1.56, 2.08 ] }), 12)), nonce: String(Date.now() + 1) }
  const clientData = now()
  const typed = toolkit.getComboBetTypedData({ account: account.address, clientData, ...data })
  const signature = await account.signTypedData(typed)
  const created = await toolkit.createComboBet({ account: account.address, clientData, ...data, signature })
  const { found } = await until(
    () => toolkit.getBet({ chainId, orderId: created.id }), ({ state }) => state === 'Accepted')
  return { created, order: found }
}

async function refused() {
  const bet = { ...SINGLE, minOdds: '9000000000000', nonce: String(Date.now() + 2) }
  const clientData = now()
  const signature = await account.signTypedData(toolkit.getBetTypedData({ account: account.address, clientData, bet }))
  try {
    return { answer: await toolkit.createBet({ account: account.address, clientData, bet, signature }) }
  }
  catch (error) {
    return { message: error.message, cause: error.cause }
  }
}

async function cashout(order) {
  const hash = await wallet.writeContract({
    address: contracts.azuroBet.address, abi: contracts.azuroBet.abi, functionName: 'setApprovalForAll', args: [ contracts.cashout.address, true ],
  })
  const approval = await chain.waitForTransactionReceipt({ hash })
  const offer = await toolkit.getCalculatedCashout({
    chainId, account: account.address, graphBetId: `${order.core.toLowerCase()}_${order.betId}`,
  })
  const attention = CASHOUT.attention
  const typed = toolkit.getCashoutTypedData({
    chainId, account: account.address, attention, tokenId: String(order.betId), cashoutOdds: offer.cashoutOdds, expiredAt: offer.expiredAt,
  })
  const created = await toolkit.createCashout({
    chainId, calculationId: offer.calculationId, attention, signature: await account.signTypedData(typed),
  })
  const { found } = await until(
    () => toolkit.getCashout({ chainId, orderId: created.id }), ({ txHash }) => Boolean(txHash))
  const available = await toolkit.getPrecalculatedCashouts({ chainId, conditionIds: [ SINGLE.conditionId ] })
  return { approval: approval.status, offer, created, order: found, available }
}

const result = { vectors: await vectors(), market: await market(), limits: await limits(SINGLE) }
result.single = await single()
result.combo = await combo()
result.refused = await refused()
result.listed = await toolkit.getBetsByBettor({ chainId, bettor: account.address, state: [ 'Accepted', 'Settled' ] })
result.cashout = await cashout(result.single.order)
result.nobody = await toolkit.getBet({ chainId, orderId: `${account.address.toLowerCase()}_1` })
result.askedFor = askedFor
console.log(JSON.stringify(plain(result)))
